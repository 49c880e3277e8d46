"""Which mentions of officials mean the same person."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise

from asn_nlp.articles import Article, EntitySpan

_remembered = lru_cache(2**14)  # names return within an article and from day to day

# fmt: off
_HONORIFICS = frozenset(
    (
        "drs", "dra", "dr", "drg", "drh", "prof", "ir", "h", "hj", "hi", "kh", "kiai", "kyai", "ki",
        "tgh", "tgk", "ust", "ustaz", "ustadz", "buya", "habib", "haji", "hajjah", "bapak", "ibu",
        "pak", "bu", "sdr", "sdri", "rd", "raden", "apt", "ny", "gus", "cak", "kang", "bang", "mas",
        "mbak", "ning"
    )
)
_DEGREES = frozenset(
    (
        "sh", "mh", "se", "mm", "msi", "st", "mt", "ste", "sip", "ssos", "map", "mpd", "spd", "skm",
        "mkes", "phd", "lc", "ma", "mba", "mpa", "mhum", "skom", "mkom", "sstp", "ap", "amd", "sik",
        "sap", "spi", "spt", "sp", "apt", "sfil", "spsi", "mpsi", "psikolog", "mhrm", "mis", "mdc",
        "mkn", "msc", "msp", "cfra", "ak", "ca", "cpa", "sag", "mag", "shi", "mhi", "spdi", "sti",
        "mti", "sked", "spog", "spa", "spb", "spm", "mph", "mars", "sst", "sstpi", "dea", "msm",
        "mec", "bsc", "ba", "hons", "cgcae", "qia", "crmp", "mmed", "mma", "mtr", "opsla", "han",
        "api", "shut", "mhut"
    )
)
# fmt: on
_OLD_SPELLINGS = (
    ("oe", "u"),
    ("tj", "c"),
    ("dj", "j"),
    ("sj", "sy"),
    ("ch", "k"),
    ("kh", "k"),
    ("sy", "s"),
    ("dh", "d"),
    ("th", "t"),
    ("ph", "f"),
    ("ie", "i"),
    ("v", "f"),
    ("z", "s"),
    ("y", "i"),
    ("q", "k"),
    ("w", "u"),
)  # fmt: skip
# Public figures whom the news calls by names that their own do not hold.
_KNOWN_AS = {
    "ahok": "basuki tjahaja purnama",
    "btp": "basuki tjahaja purnama",
    "bamsoet": "bambang soesatyo",
    "emil": "ridwan kamil",
    "imin": "muhaimin iskandar",
    "ipul": "saifullah yusuf",
    "kdm": "dedi mulyadi",
    "sby": "susilo bambang yudhoyono",
    "tgb": "zainul majdi",
}
_ALIAS = re.compile(
    r"\W*(?:\(|alias\b|a\.?k\.?a\b|[,(]?\s*(?:yang\s+)?(?:akrab|biasa|kerap|sering|populer)\s+"
    r"(?:disapa|dipanggil|disebut)|panggilan\s+akrab|sapaan\s+akrab)\W*"
    r"(?:(?:pak|bu|bapak|ibu|bang|kang|mas|mbak)\s+)?",
    re.IGNORECASE,
)
# Not "sapaan akrab Siti Aminah": then the name that follows is meant.
_CALLED_SO = re.compile(r"\W*(?:begitu\s+)?(?i:sapaan|panggilan)\s+akrab(?:nya\b|\W)(?!\s*[A-Z])")

_EXACT, _ALIKE, _INITIAL, _CUT = 1.0, 0.9, 0.7, 0.6
_SURE = 0.05  # a form that fits one person better by more than this means that person


@_remembered
def name_tokens(surface: str) -> tuple[str, ...]:
    """The words of a name in lower case, without degrees, honorifics and punctuation."""
    head, comma, rest = surface.partition(",")
    tokens = _words(head)
    return tokens or (_words(rest) if comma else ())


def _words(text: str) -> tuple[str, ...]:
    words: list[str] = []
    for word in re.findall(r"[^\s/\-–()\"“”]+", text):
        letters = re.sub(r"[\W\d_]", "", word)
        lower = letters.casefold()
        plain = letters.istitle() or letters.islower()
        if not lower or (not words and lower in _HONORIFICS and len(text.split()) > 1):
            continue
        # SH and S.H. are degrees, Sh and Ma may be names.
        if words and lower in _DEGREES and (not plain or "." in word.rstrip(".,")):
            continue
        parts = [part for part in word.split(".") if part]
        if len(parts) > 1:
            words += [_letters(part) for part in parts]
        else:
            words.append(_letters(word))
    return tuple(word for word in words if word)


def _letters(word: str) -> str:
    return re.sub(r"[\W\d_]", "", word).casefold()


@_remembered
def _spoken(word: str) -> str:
    """The word in today's simplest spelling: Soesatyo and Susatio are one."""
    for old, new in _OLD_SPELLINGS:
        word = word.replace(old, new)
    return re.sub(r"(.)\1", r"\1", word)


def _alike(one: str, other: str, share: float) -> bool:
    """Whether two words have at least this share of their letters in common, in order."""
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.real_quick_ratio() >= share and matcher.ratio() >= share


@_remembered
def _word_fit(short: str, long: str) -> float:
    if short == long:
        return _EXACT
    if len(short) == 1 or len(long) == 1:
        return _INITIAL if short[0] == long[0] else 0.0
    if min(len(short), len(long)) >= 4:
        if _spoken(short) == _spoken(long):
            return _ALIKE
        if short[0] == long[0] and len(short) >= 5 and _alike(short, long, 0.84):
            return _ALIKE
    if len(short) >= 3 and long.startswith(short) and len(long) - len(short) >= 2:
        return _CUT
    return 0.0


@_remembered
def name_fit(short: tuple[str, ...], full: tuple[str, ...]) -> float:
    """How well ``short`` is a form of ``full``: 0 not at all, 1 word for word.

    Its words must occur in order, spelled alike, cut (Sandi, Sandiaga) or as initials; or it is
    an acronym or blend of several words (JK, Aher for Ahmad Heryawan).
    """
    known = _KNOWN_AS.get(" ".join(short))
    if known and name_fit(tuple(known.split()), full) > 0:
        return _ALIKE
    if (  # Nur Hidayat and Nurhidayat
        min(len(short), len(full)) >= 2
        and short[0][0] == full[0][0]
        and _alike("".join(short), "".join(full), 0.92)
    ):
        return _ALIKE
    fits: list[float] = []
    rest = list(full)
    for word in short:
        best = next(((i, fit) for i, one in enumerate(rest) if (fit := _word_fit(word, one))), None)
        size = len(word)
        if best is None and size >= 2 and word == "".join(one[0] for one in rest[:size]):
            best = size - 1, _INITIAL  # HB for Hamengku Buwono
        if best is None:
            fits = []
            break
        fits.append(best[1])
        rest = rest[best[0] + 1 :]
    if fits and max(fits) > _INITIAL:
        # The first name is the likelier short form.
        return min(fits) - (0 if _word_fit(short[0], full[0]) else 0.02)
    if fits and len(short) == 1 and fits[0] == _CUT:
        return _CUT
    if len(short) == 1 and len(full) >= 2 and _blend(short[0], full):
        return 0.5
    return 0.0


def _blend(word: str, full: Sequence[str]) -> bool:
    """Whether ``word`` strings together beginnings of at least two words, the first among them."""

    def spells(rest: str, words: Sequence[str], used: int) -> bool:
        if not rest:
            return used >= 2
        return any(
            spells(rest[size:], words[at + 1 :], used + 1)
            for at, one in enumerate(words)
            if used or at == 0
            for size in range(1, len(rest) + 1)
            if one.startswith(rest[:size])
        )

    return 2 <= len(word) <= 8 and spells(word, full, 0)


def group_mentions(article: Article, officials: Sequence[EntitySpan]) -> list[list[EntitySpan]]:
    """The mentions of each person, in reading order, persons in order of first mention."""
    tokens = {span: name_tokens(article.surface(span)) or ("?",) for span in officials}
    fulls: list[tuple[str, ...]] = []  # each person's fullest name
    by_letter: dict[str, list[int]] = {}  # persons by what their names' words begin with
    forms = sorted(set(tokens.values()), key=lambda form: (-len(form), -sum(map(len, form)), form))
    fitting: dict[tuple[str, ...], list[int]] = {}
    for form in forms:
        letter = _spoken(form[0])[0]
        likely = range(len(fulls)) if form[0] in _KNOWN_AS else by_letter.get(letter, ())
        fits = [(name_fit(form, fulls[person]), person) for person in likely]
        best = max(fits, default=(0.0, 0))[0]
        fitting[form] = [p for fit, p in fits if fit > 0 and fit >= best - _SURE]
        if not fitting[form]:
            fitting[form] = [len(fulls)]
            for first in {_spoken(word)[0] for word in form}:
                by_letter.setdefault(first, []).append(len(fulls))
            fulls.append(form)
    persons: dict[EntitySpan, int] = {
        span: fitting[tokens[span]][0] for span in officials if len(fitting[tokens[span]]) == 1
    }
    for span in officials:
        if span not in persons:
            persons[span] = _nearest(article, span, fitting[tokens[span]], persons)
    _join_aliases(article, officials, tokens, persons)
    groups: dict[int, list[EntitySpan]] = {}
    for span in officials:
        groups.setdefault(persons[span], []).append(span)
    return list(groups.values())


def _nearest(
    article: Article,
    span: EntitySpan,
    candidates: Sequence[int],
    persons: dict[EntitySpan, int],
) -> int:
    """The candidate whom the text spoke of last before ``span``, else speaks of next."""

    def distance(other: EntitySpan) -> int:
        if other.end <= span.start:
            between = article.text[other.end : span.start]
            return len(between) + 200 * between.count("\n")
        return 2 * (other.start - span.end) + 10_000

    known = [other for other, person in persons.items() if person in candidates]
    return persons[min(known, key=distance)] if known else candidates[0]


def _join_aliases(
    article: Article,
    officials: Sequence[EntitySpan],
    tokens: dict[EntitySpan, tuple[str, ...]],
    persons: dict[EntitySpan, int],
) -> None:
    """Join names that the text itself says are one: ``Basuki alias Ahok``, ``(KDM)``."""

    def join(one: EntitySpan, other: EntitySpan) -> None:
        kept, gone = sorted((persons[one], persons[other]))
        persons.update({span: kept for span in officials if persons[span] == gone})

    def is_new(span: EntitySpan) -> bool:
        """Whether ``span`` is the first mention of someone who goes by one word only."""
        same = [one for one in officials if persons[one] == persons[span]]
        return same[0] == span and all(tokens[one] == tokens[span] for one in same)

    for index, (before, span) in enumerate(pairwise(officials)):
        if persons[before] == persons[span]:
            continue
        between = article.text[before.end : span.start]
        if _ALIAS.fullmatch(between) and any(
            len(tokens[one]) == 1 and is_new(one) for one in (before, span)
        ):
            join(before, span)
        elif len(tokens[span]) == 1 and is_new(span) and _CALLED_SO.match(article.text, span.end):
            # The one of whom a passage spoke last; rather one whose name holds the nickname.
            recent = officials[max(0, index - 3) : index + 1][::-1]
            holding = [one for one in recent if tokens[span][0] in "".join(tokens[one])]
            join((holding or recent)[0], span)
