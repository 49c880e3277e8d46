"""What was timed, on the terminal and as Markdown."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

from asn_nlp.benchmark.race import Race, System
from asn_nlp.benchmark.systems import PIPELINES, PRODUCTS
from asn_nlp.benchmark.training import Training
from asn_nlp.files import written_whole
from asn_nlp.terminal import print_line, print_prose, print_table


def print_race(race: Race) -> None:
    names, *rows = _rows(race)
    print_table(names, rows, title=race.title)
    print_prose(_told(race))
    for system in race.systems:
        if system.skipped is not None:
            print_line(f"left out: {system.name}: {system.skipped}")


def write_races(races: Sequence[Race], path: Path, *, machine: str) -> None:
    """Write the tables as Markdown, with the processor's name."""
    with written_whole(path) as file:
        file.write(f"{machine}\n")
        for race in races:
            names, *rows = _rows(race)
            file.write(f"\n**{race.title}**\n\n")
            rules = ["---", *["---:"] * (len(names) - 1)]
            for row in (names, rules, *rows):
                file.write(f"| {' | '.join(row)} |\n")
            file.write(f"\n{_told(race)}\n")


def print_profile(seconds: Mapping[str, float], *, words: int) -> None:
    """Where the time of a reading went."""
    total = sum(seconds.values())
    rows = [(name, f"{each * 1e3:,.0f}", f"{each / total:.1%}") for name, each in seconds.items()]
    print_table(("step", "ms", "share"), rows)
    print_line(f"{words:,} words, {words / total:,.0f} a second")


def print_training(training: Training) -> None:
    """The median round, and the ratio with its least and greatest."""
    low, high = min(training.ratios), max(training.ratios)
    rows = [
        (name, f"{median(lap.tokens / lap.seconds for lap in laps):,.0f}", ratio)
        for name, laps, ratio in (
            ("stock loop", training.stock, ""),
            ("asn_nlp", training.ours, f"{median(training.ratios):.2f}× ({low:.2f}–{high:.2f})"),
        )
    ]
    print_table(("training", "tokens/s", "speed"), rows, title=f"{len(training.ours)} rounds")


def _rows(race: Race) -> list[list[str]]:
    """The names of the columns, then a row a system; what is known of none has no column."""
    timed = [system for system in race.systems if system.skipped is None]
    threads = sorted({number for system in timed for number in system.laps})
    most = threads[-1]
    known = {system.name: race.speed(system, most) for system in timed}
    columns: list[tuple[str, Callable[[System], str]]] = [("", lambda system: system.name)]

    def add_speed(number: int) -> None:
        columns.append((f"words/s, {_threads(number)}", lambda s: f"{race.speed(s, number):,.0f}"))

    def add_ratio(title: str, base: float, form: str) -> None:
        columns.append((title, lambda system: form.format(known[system.name] / base)))

    for number in threads:
        add_speed(number)
    if PIPELINES in known:
        add_ratio("× pipelines", known[PIPELINES], "{:.1f}")
    if PRODUCTS in known:
        add_ratio("of products", known[PRODUCTS], "{:.0%}")
    columns += [
        ("entity F1", lambda system: _f1(system.entity_f1)),
        ("theme F1", lambda system: _f1(system.theme_f1)),
        ("first text, s", lambda system: f"{system.start:.2f}"),
        ("peak memory, MB", lambda s: "" if s.memory is None else f"{s.memory / 1e6:,.0f}"),
    ]
    told = [[name, *(show(system) for system in timed)] for name, show in columns]
    return [list(row) for row in zip(*(column for column in told if any(column[1:])), strict=True)]


def _told(race: Race) -> str:
    widest = max(
        max(laps) / median(laps) - 1 for system in race.systems for laps in system.laps.values()
    )
    rounds = max(len(laps) for system in race.systems for laps in system.laps.values())
    return (
        f"{race.articles} articles, {race.words:,} words; the median of {rounds} interleaved "
        f"rounds, the slowest of which took up to {widest:.0%} longer"
    )


def _threads(number: int) -> str:
    return "1 thread" if number == 1 else f"{number} threads"


def _f1(score: float | None) -> str:
    return "" if score is None else f"{score:.3f}".removeprefix("0")
