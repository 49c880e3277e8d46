"""The addresses of the service. Each is a plain function, which the framework runs in a thread."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from asn_nlp.config import ServeConfig
from asn_nlp.errors import extra
from asn_nlp.formats import FORMATS, choose
from asn_nlp.linking import Record, records
from asn_nlp.passages import split_passages
from asn_nlp.predictor import Predictor
from asn_nlp.report.highlight import tints
from asn_nlp.service.bodies import (
    Health,
    News,
    OneOrMany,
    Opened,
    Passage,
    Refusal,
    to_articles,
)
from asn_nlp.service.exchange import ENDINGS, losses, read_upload, write_download
from asn_nlp.service.guard import guard, refusal

with extra("serve", "the web service"):
    from fastapi import Body, FastAPI, Header, Query, Request, Response
    from fastapi.responses import FileResponse, JSONResponse
    from starlette.exceptions import HTTPException

_PAGE = Path(__file__).parent / "page"
_FILES = {"/": "page.html", "/page.css": "page.css", "/page.js": "page.js"}
_BYTES = "application/octet-stream"

_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Refusal, "description": meaning}
    for status, meaning in (
        (413, "more than the limits allow"),
        (415, "a content type that is not read"),
        (422, "what breaks a rule"),
    )
}
_LOSSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {_BYTES: {}}, "description": "the file, a zip where it is several"},
    409: {"model": Refusal, "description": "what the format cannot hold, without lossy"},
}


def make_app(predictor: Predictor, *, run: str, config: ServeConfig | None = None) -> FastAPI:
    """The service of a predictor, an ASGI application.

    Args:
        run: what the page and ``/health`` call it.
    """
    config = config or ServeConfig()
    app = FastAPI(
        title="asn_nlp",
        summary="Entities, themes and records of Indonesian civil-service news",
        version=version("asn-nlp"),
        docs_url=None,  # these pages load their scripts from elsewhere
        redoc_url=None,
        responses=_REFUSALS,
    )
    guard(app, config)
    _add_page(app)
    _add_health(app, predictor, run, config)
    _add_reading(app, predictor, config)
    _add_files(app)
    return app


def _add_page(app: FastAPI) -> None:
    def sends(name: str) -> Callable[[Request], FileResponse]:
        return lambda _: FileResponse(_PAGE / name)

    for path, name in _FILES.items():
        app.add_route(path, sends(name), include_in_schema=False)


def _add_health(app: FastAPI, predictor: Predictor, run: str, config: ServeConfig) -> None:
    known = predictor.labels
    answer = Health(
        status="ok",
        run=run,
        version=app.version,
        entities=tints(known.entities),
        themes=list(known.themes),
        calibrated=predictor.calibration is not None,
        formats=[one.name for one in FORMATS if one.write],
        endings=list(ENDINGS),
        articles=config.articles,
        megabytes=config.megabytes,
    )

    @app.get("/health")
    def health() -> Health:
        """That the service is there, and what it can do."""
        return answer


def _add_reading(app: FastAPI, predictor: Predictor, config: ServeConfig) -> None:
    @app.post("/predict", response_model=News | list[News])
    def predict(news: OneOrMany) -> JSONResponse:
        """Read one article, or a list of them in one batch; spans they came with are replaced."""
        many = news if isinstance(news, list) else [news]
        if len(many) > config.articles:
            words = f"a request may hold {config.articles:,} articles, found {len(many):,}"
            return refusal(413, [f"{words}; divide it"])
        read = [article.to_dict() for article in predictor.predict(to_articles(many))]
        return JSONResponse(read if isinstance(news, list) else read[0])

    @app.post("/records")
    def list_records(news: News) -> list[Record]:
        """Who holds which post where, by the article's entities."""
        (article,) = to_articles([news])
        return list(records(article))

    @app.post("/passages")
    def list_passages(news: News) -> list[Passage]:
        """The passages of the article's text, on which themes are marked."""
        (article,) = to_articles([news])
        return [Passage(start=one.start, end=one.end) for one in split_passages(article.text)]


def _add_files(app: FastAPI) -> None:
    @app.post("/open", response_model=Opened)
    def open_file(
        name: Annotated[str, Query(description="of the file; its ending tells the format")],
        content: Annotated[bytes, Body(media_type=_BYTES)] = b"",
        content_type: Annotated[str, Header()] = "",
        format: Annotated[str | None, Query(description="its name, where it does not show")] = None,
    ) -> JSONResponse:
        """The articles of a file in any format, with the annotations it has."""
        # A page elsewhere may post anything but this without asking, and have strange files read.
        if content_type != _BYTES:
            words = f"a file must come as Content-Type: {_BYTES}, found {content_type!r}"
            raise HTTPException(415, f"{words}; name it")
        articles, problems = read_upload(name, content, format)
        return JSONResponse(
            {"articles": [article.to_dict() for article in articles], "problems": problems}
        )

    @app.post("/save", response_class=Response, responses=_LOSSES)
    def save_file(
        news: list[News],
        format: Annotated[str, Query(description="its name")],
        lossy: Annotated[bool, Query(description="leave out what it cannot hold")] = False,
    ) -> Response:
        """A file of the articles."""
        articles = to_articles(news)
        chosen = choose("", format, writing=True)
        if not lossy and (lost := losses(articles, chosen)):
            return refusal(409, lost)
        name, content = write_download(articles, chosen)
        disposition = f"attachment; filename*=UTF-8''{quote(name)}"
        return Response(content, media_type=_BYTES, headers={"Content-Disposition": disposition})
