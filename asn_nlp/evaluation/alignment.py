"""Gold beside predicted: articles matched by id, their mentions paired, their passages' themes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from asn_nlp.articles import Article, EntitySpan
from asn_nlp.errors import EvaluationError
from asn_nlp.labels import LabelSet
from asn_nlp.passages import Passage, marked_passages, split_passages

Themes = dict[str, float | None]  # the themes of a passage, with the scores of their spans


@dataclass(frozen=True, slots=True)
class Pair:
    """A gold mention and the predicted one that overlaps it; None where there is no such."""

    gold: EntitySpan | None
    predicted: EntitySpan | None

    @property
    def same_type(self) -> bool:
        gold, predicted = self.gold, self.predicted
        return gold is not None and predicted is not None and gold.label == predicted.label

    @property
    def exact(self) -> bool:
        gold, predicted = self.gold, self.predicted
        return (
            gold is not None
            and predicted is not None
            and (gold.start, gold.end, gold.label)
            == (predicted.start, predicted.end, predicted.label)
        )


@dataclass(frozen=True)
class Case:
    """An article, gold beside predicted; all that is scored or shown is read off here, once."""

    gold: Article
    predicted: Article

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        return align(self.gold.entities, self.predicted.entities)

    @cached_property
    def passages(self) -> Sequence[Passage]:
        return split_passages(self.gold.text)

    @cached_property
    def themes(self) -> tuple[tuple[Themes, Themes], ...]:
        """Gold and predicted themes of each passage."""
        sides = _mark(self.gold, self.passages), _mark(self.predicted, self.passages)
        return tuple(zip(*sides, strict=True))


def align(gold: Sequence[EntitySpan], predicted: Sequence[EntitySpan]) -> tuple[Pair, ...]:
    """Pair mentions of one article that overlap, one to one; every mention is in one pair.

    As many as possible of the same type are paired, then what is left whatever its type, so a
    pair of different types is a confusion and a half pair a mention missed or spurious. Both
    sequences are flat and in reading order, as an article keeps them. Changing the sides changes
    the sides of the pairs and nothing else.
    """
    pairs: list[Pair] = []
    for label in dict.fromkeys(span.label for span in gold):
        pairs += _sweep(
            [span for span in gold if span.label == label],
            [span for span in predicted if span.label == label],
        )
    gold, predicted = _unpaired(gold, predicted, pairs)
    pairs += _sweep(gold, predicted)
    gold, predicted = _unpaired(gold, predicted, pairs)
    pairs += [Pair(span, None) for span in gold]
    pairs += [Pair(None, span) for span in predicted]
    return tuple(pairs)


def passage_themes(article: Article) -> list[Themes]:
    """The themes of each passage, with the scores of the spans that mark it."""
    return _mark(article, split_passages(article.text))


def match_articles(
    gold: Sequence[Article], predicted: Iterable[Article], *, labels: LabelSet
) -> tuple[Case, ...]:
    """The articles matched by id, in the order of ``gold``.

    Entities are left out where ``labels`` has no types of them, and likewise themes: they are
    neither right nor wrong.

    Raises:
        EvaluationError: there is no article, an id occurs twice or on one side only, two texts
            differ, or a label is unknown to a set that has labels of its kind.
    """
    if not gold:
        raise EvaluationError(
            "evaluation needs an article at least, but gold has none; name more data"
        )
    predicted_by_id, gold_by_id = _by_id(predicted, "predicted"), _by_id(gold, "gold")
    for ids, others, side in (
        (gold_by_id, predicted_by_id, "predicted"),
        (predicted_by_id, gold_by_id, "gold"),
    ):
        if missing := [one for one in ids if one not in others]:
            raise EvaluationError(
                f"gold and predicted must hold the same articles, but {len(missing)} of {len(ids)} "
                f"are not among the {side} ones, first {missing[0]!r}; predict the gold file itself"
            )
    cases = []
    for article in gold:
        case = Case(
            _what_is_read(article, labels), _what_is_read(predicted_by_id[article.id], labels)
        )
        _check_case(case, labels)
        cases.append(case)
    return tuple(cases)


def _by_id(articles: Iterable[Article], side: str) -> dict[str, Article]:
    by_id: dict[str, Article] = {}
    for article in articles:
        if article.id in by_id:
            raise EvaluationError(
                f"article ids must be unique, but {article.id!r} occurs twice among the {side} "
                "articles; rename or remove one"
            )
        by_id[article.id] = article
    return by_id


def _what_is_read(article: Article, labels: LabelSet) -> Article:
    if labels.entities and labels.themes:
        return article
    return replace(
        article,
        entities=article.entities if labels.entities else (),
        themes=article.themes if labels.themes else (),
    )


def _check_case(case: Case, labels: LabelSet) -> None:
    gold, predicted = case.gold, case.predicted
    if gold.text != predicted.text:
        pairs = enumerate(zip(gold.text, predicted.text, strict=False))
        place = next((i for i, (a, b) in pairs if a != b), min(len(gold.text), len(predicted.text)))
        raise EvaluationError(
            f"article {gold.id!r}: gold and predicted text must be equal, but they part at "
            f"character {place}: {gold.text[place : place + 20]!r} against "
            f"{predicted.text[place : place + 20]!r}; predict the gold file itself"
        )
    for side, article, cure in (
        ("gold", gold, "evaluate a run that was trained with it"),
        ("predicted", predicted, "give the labels of the run that predicted"),
    ):
        for problem in labels.problems(article):
            raise EvaluationError(f"{side} {problem} If not, {cure}")


def _mark(article: Article, passages: Sequence[Passage]) -> list[Themes]:
    marked: list[Themes] = [{} for _ in passages]
    for span in article.themes:
        for place in marked_passages(span.start, span.end, passages):
            marked[place][span.label] = span.score
    return marked


def _sweep(gold: Sequence[EntitySpan], predicted: Sequence[EntitySpan]) -> list[Pair]:
    """The most pairs there can be: neither side overlaps itself, so pairing the first two that
    meet never costs a later pair."""
    pairs = []
    g = p = 0
    while g < len(gold) and p < len(predicted):
        if gold[g].end <= predicted[p].start:
            g += 1
        elif predicted[p].end <= gold[g].start:
            p += 1
        else:
            pairs.append(Pair(gold[g], predicted[p]))
            g += 1
            p += 1
    return pairs


def _unpaired(
    gold: Sequence[EntitySpan], predicted: Sequence[EntitySpan], pairs: Sequence[Pair]
) -> tuple[list[EntitySpan], list[EntitySpan]]:
    # By where they start, for mentions of one side do not overlap.
    gold_taken = {pair.gold.start for pair in pairs if pair.gold}
    predicted_taken = {pair.predicted.start for pair in pairs if pair.predicted}
    return (
        [span for span in gold if span.start not in gold_taken],
        [span for span in predicted if span.start not in predicted_taken],
    )
