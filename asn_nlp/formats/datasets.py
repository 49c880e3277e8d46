"""Articles as a ``datasets.Dataset`` of Hugging Face, with typed features, and back.

Meta is a column of JSON, since its members differ from article to article and a dataset has one
type a column.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from asn_nlp.articles import Article
from asn_nlp.errors import AnnotationError, extra
from asn_nlp.formats.parquet import article_of_columns
from asn_nlp.formats.records import json_cannot_hold, to_json

if TYPE_CHECKING:
    from datasets import Dataset


def to_dataset(articles: Iterable[Article]) -> "Dataset":
    """A row for each article: ``id``, ``text``, ``entities``, ``themes``, ``meta``.

    Raises:
        AnnotationError: an article holds what JSON cannot, such as NaN.
        MissingExtra: datasets is not installed.
    """
    with extra("train", "a dataset"):
        from datasets import Dataset, Features, List, Value
    span = {"start": Value("int64"), "end": Value("int64"), "label": Value("string")}
    # A List of a dict, not a Sequence, which would turn rows into columns.
    spans = List({**span, "score": Value("float64")})
    features = Features(
        {
            "id": Value("string"),
            "text": Value("large_string"),
            "entities": spans,
            "themes": spans,
            "meta": Value("string"),
        }
    )
    columns: dict[str, list[object]] = {name: [] for name in features}
    for article in articles:
        if problems := json_cannot_hold(article):
            raise AnnotationError(problems)
        record = article.to_dict()
        for kind in ("entities", "themes"):
            record[kind] = [{"score": None, **one} for one in record[kind]]
        for name, value in (record | {"meta": to_json(record["meta"])}).items():
            columns[name].append(value)
    return Dataset.from_dict(columns, features)


def from_dataset(dataset: Iterable[Mapping[str, object]]) -> Iterator[Article]:
    """The articles of the rows of a dataset, one made by ``to_dataset`` or of the same columns.

    Raises:
        AnnotationError: a row holds no article, or an id stands twice; the message names the row.
    """
    first_seen: dict[str, int] = {}
    for number, row in enumerate(dataset):
        try:
            article = article_of_columns(row)
        except AnnotationError as error:
            raise AnnotationError([f"row {number}: {one}" for one in error.problems]) from None
        if article.id in first_seen:
            raise AnnotationError(
                [
                    f"row {number}: article ids must be unique, but {article.id!r} is row "
                    f"{first_seen[article.id]} too; rename or remove one"
                ]
            )
        first_seen[article.id] = number
        yield article
