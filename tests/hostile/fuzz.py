"""python tests/hostile/fuzz.py --seconds 60

Broken files through every reader, odd texts through a predictor, and one predictor under threads:
nothing may raise what is no word to the user, hang, or lose or change anything in silence. Prints
what was tried; a fault is shown with the seed and the number that bring it back.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from random import Random

from mutations import mutations, odd_text, seeds

from asn_nlp import Predictor, read_articles
from asn_nlp.articles import Article
from asn_nlp.formats import FORMATS, Problem, scan, write_articles
from asn_nlp.shipped import CORPUS

SLOWEST = 20.0  # seconds for one small file, far above any that a busy machine takes


def check_file(content: bytes, name: str, path: Path) -> int:
    """Read ``content`` as the format ``name``, and return how many records it gave.

    Raises:
        AssertionError: something was lost, is broken, or took too long.
        Exception: whatever else a reader let through.
    """
    path.write_bytes(content)
    start = time.perf_counter()
    found = list(scan(path, name))
    seconds = time.perf_counter() - start
    assert seconds < SLOWEST, f"took {seconds:.0f} s"
    articles = [one for one in found if isinstance(one, Article)]
    assert len({one.id for one in articles}) == len(articles), "an id stands twice"
    for one in found:
        if isinstance(one, Problem):
            assert one.messages, "a problem that says nothing"
            assert all(message.strip() for message in one.messages), "a problem that says nothing"
            str(one).encode("utf-8", "surrogateescape")
    assert found or not content.strip(b"\r\n\t \xef\xbb\xbf") or name == "csv", "nothing was told"
    kept = [one for one in articles if one.text.strip()]  # none else may stand in a file
    if kept:
        copy = path.with_name("copy.jsonl")
        write_articles(kept, copy, "jsonl")
        again = read_articles(copy, "jsonl")
        assert [(one.id, one.text) for one in again] == [(one.id, one.text) for one in kept]
    return len(found)


def fuzz_readers(folder: Path, articles: Sequence[Article], *, seed: int, files: int) -> str:
    """``files`` broken files of each format, each read as its own and as one other."""
    whole = seeds(folder, list(articles))
    names = [form.name for form in FORMATS]
    records = 0
    for name in names:
        random = Random(f"{seed} {name}")
        for number, content in enumerate(islice(mutations(whole[name], random), files)):
            for read_as in (name, random.choice(names)):
                ending = next((f.endings[:1] for f in FORMATS if f.name == read_as), ())
                path = folder / f"broken{(*ending, '.txt')[0]}"
                try:
                    records += check_file(content, read_as, path)
                except BaseException:
                    print(f"{name} file {number} of seed {seed} read as {read_as}: {path}")
                    raise
    return f"{len(names) * files:,} broken files of {len(names)} formats: {records:,} records told"


def check_text(predictor: Predictor, text: str) -> Article:
    """
    Raises:
        AssertionError: the text was changed, or a span of it is odd.
    """
    article = predictor(text)
    assert article.text == text
    for span in article.spans:
        assert span.score is not None
        assert 0 <= span.score <= 1
        assert article.surface(span) == article.surface(span).strip() != ""
    for entity in article.entities:
        assert any(map(str.isprintable, article.surface(entity)))
        assert "\n" not in article.surface(entity)
    return article


def fuzz_predictor(predictor: Predictor, *, seed: int, texts: int) -> str:
    random = Random(seed)
    spans = 0
    for number in range(texts):
        text = odd_text(random)
        try:
            spans += len(check_text(predictor, text).spans)
        except BaseException:
            print(f"text {number} of seed {seed}: {text[:200]!r}")
            raise
    return f"{texts:,} odd texts: whole, with {spans:,} spans"


def fuzz_threads(
    predictor: Predictor, articles: Sequence[Article], *, rounds: int, threads: int = 4
) -> str:
    """Every thread reads all articles, each in another order, under frequent switching."""
    expected = [predictor(article) for article in articles]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    readings = wrong = 0

    def read(shift: int) -> list[Article]:
        order = [*range(shift, len(articles)), *range(shift)]
        found = {place: predictor(articles[place]) for place in order}
        return [found[place] for place in range(len(articles))]

    try:
        with ThreadPoolExecutor(threads) as pool:
            for _ in range(rounds):
                shifts = [number * len(articles) // threads for number in range(threads)]
                for found in pool.map(read, shifts):
                    readings += len(found)
                    wrong += sum(a != b for a, b in zip(found, expected, strict=True))
    finally:
        sys.setswitchinterval(before)
    assert wrong == 0, f"{wrong} of {readings} readings by {threads} threads differ"
    return f"{readings:,} readings by {threads} threads: as by one"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--seconds", type=float, default=60, help="how long [60]")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of all chance [now]")
    options = parser.parse_args(arguments)
    articles = read_articles(CORPUS / "test.jsonl")
    predictor = Predictor.from_pretrained()
    rounds: list[Callable[[Path, int], str]] = [
        lambda folder, seed: fuzz_readers(folder, articles[:4], seed=seed, files=60),
        lambda _, seed: fuzz_predictor(predictor, seed=seed, texts=60),
        lambda _, __: fuzz_threads(predictor, articles[:12], rounds=1),
    ]
    end, seed = time.monotonic() + options.seconds, options.seed
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        while time.monotonic() < end:
            for one in rounds:
                print(f"seed {seed}: {one(Path(name), seed)}", flush=True)
                if time.monotonic() > end:
                    break
            seed += 1


if __name__ == "__main__":
    main()
