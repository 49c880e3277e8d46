"""What requests and answers hold, as OpenAPI tells it. An article has the form of a line of this
package's JSON Lines; ``formats`` knows its rules.
"""

from typing import Annotated, Any

from asn_nlp.articles import Article
from asn_nlp.errors import AnnotationError, extra
from asn_nlp.formats.records import from_record, json_cannot_hold

with extra("serve", "the web service"):
    from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class Span(_Body):
    start: int = Field(description="first character, in code points from 0")
    end: int = Field(description="the character behind the last")
    label: str
    score: float | None = Field(None, ge=0, le=1, description="where predicted")


class News(_Body):
    id: str | None = Field(None, description="by default its place in the request")
    text: str
    entities: list[Span] = Field([], description="side by side, never inside each other")
    themes: list[Span] = Field([], description="each over its whole passage")
    meta: dict[str, Any] = Field({}, description="anything of your own, given back as it is")


# Told apart by their form, so that an error is of one of them and not of both.
OneOrMany = Annotated[
    Annotated[News, Tag("one")] | Annotated[list[News], Tag("many")],
    Discriminator(lambda body: "many" if isinstance(body, list) else "one"),
]


class Passage(_Body):
    start: int
    end: int


class Opened(_Body):
    articles: list[News]
    problems: list[str] = Field(description="what could not be read of the file, and why")


class Health(_Body):
    status: str
    run: str
    version: str
    entities: dict[str, str] = Field(description="the types that the run finds, with their colours")
    themes: list[str] = Field(description="those that it finds")
    calibrated: bool = Field(description="whether scores are probabilities of being right")
    formats: list[str] = Field(description="what files are saved as")
    endings: list[str] = Field(description="of files that are opened")
    articles: int = Field(description="most of one request that are read")
    megabytes: int = Field(description="most of one request's body")


class Refusal(_Body):
    errors: list[str] = Field(description="a line for each broken rule, with the cure")


def to_articles(bodies: list[News]) -> list[Article]:
    """
    Raises:
        AnnotationError: an article breaks a rule of the format.
    """
    return [_to_article(body, str(place)) for place, body in enumerate(bodies)]


def _to_article(body: News, place: str) -> Article:
    article = from_record(
        {
            "id": place if body.id is None else body.id,
            "text": body.text,
            "entities": [vars(span) for span in body.entities],
            "themes": [vars(span) for span in body.themes],
            "meta": body.meta,
        }
    )
    if problems := json_cannot_hold(article):
        raise AnnotationError(problems)
    return article
