"""The mentions that training articles have, found again wherever their words stand."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from asn_nlp.articles import Article, EntitySpan

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Lexicon:
    """Marks what the training articles marked: the longest known mention, at word boundaries.

    A surface has the label it was marked with most often; one that training left unmarked more
    often than it marked it is no entry.
    """

    labels: dict[str, str]

    @classmethod
    def from_articles(cls, articles: Sequence[Article]) -> "Lexicon":
        marked: dict[str, Counter[str]] = defaultdict(Counter)
        for article in articles:
            for span in article.entities:
                marked[article.surface(span)][span.label] += 1
        everything = cls({surface: c.most_common(1)[0][0] for surface, c in marked.items()})
        met: Counter[str] = Counter()
        for article, found in zip(articles, everything.predict(articles), strict=True):
            met.update(article.surface(span) for span in found.entities)
        return cls(
            {
                surface: label
                for surface, label in everything.labels.items()
                if 2 * marked[surface].total() >= met[surface]
            }
        )

    def predict(self, articles: Sequence[Article]) -> list[Article]:
        """The articles with the mentions found on them, in place of any spans they came with."""
        by_first_word: dict[str, list[str]] = defaultdict(list)
        for surface in sorted(self.labels, key=len, reverse=True):
            if word := _WORD.match(surface):
                by_first_word[word.group()].append(surface)

        def mentions(text: str) -> Iterator[EntitySpan]:
            end = 0
            for word in _WORD.finditer(text):
                start = word.start()
                for surface in by_first_word.get(word.group(), ()) if start >= end else ():
                    after = text[start + len(surface) : start + len(surface) + 1]
                    if text.startswith(surface, start) and not (
                        surface[-1].isalnum() and after.isalnum()
                    ):
                        end = start + len(surface)
                        yield EntitySpan(start, end, self.labels[surface])
                        break

        return [
            replace(article, entities=tuple(mentions(article.text)), themes=())
            for article in articles
        ]
