"""Text in capitals, or without any, as an encoder knows it: in ordinary case."""

import re
from collections import Counter
from collections.abc import Sequence

from asn_nlp.passages import Passage

_WORD = re.compile(r"\w*[^\W\d_]\w*(?:['’]\w+)*")
_RUN = 4  # capitalised abbreviations stand beside each other too, but hardly so many


def ordinary_case(text: str, passages: Sequence[Passage]) -> str:
    """``text`` as long as it is, with what stands in capitals or has none in ordinary case.

    Outlets print headlines in both ways, and a cased encoder knows few words written so. A word is
    put as the rest of the text has it most often, so that abbreviations keep their capitals, and
    with a capital where the rest does not have it (truecasing: Lita et al. 2003).
    """
    odd = _odd_words(text, passages)
    if not odd:
        return text
    places = {word.start() for word in odd}
    forms: dict[str, Counter[str]] = {}
    for word in _WORD.finditer(text):
        if word.start() not in places:
            forms.setdefault(word[0].lower(), Counter())[word[0]] += 1
    letters = list(text)
    for word in odd:
        known = forms.get(word[0].lower())
        form = known.most_common(1)[0][0] if known else word[0][0].upper() + word[0][1:].lower()
        if len(form) == len(word[0]):  # some letters are longer in the other case
            letters[word.start() : word.end()] = form
    return "".join(letters)


def _odd_words(text: str, passages: Sequence[Passage]) -> list[re.Match[str]]:
    """The words of the passages and of the long runs that are in one case throughout."""
    odd = []
    for passage in passages:
        words = list(_WORD.finditer(text, passage.start, passage.end))
        capitals = [word[0].isupper() for word in words]
        if len(words) > 1 and not any(word[0][0].isupper() for word in words):
            odd += words
            continue
        start = 0
        for end, capital in enumerate([*capitals, False]):
            if not capital:
                if end - start >= min(_RUN, max(2, len(words))):
                    odd += words[start:end]
                start = end + 1
    return odd
