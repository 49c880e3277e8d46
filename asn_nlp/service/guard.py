"""What stands between the web and the service: names, headers, and errors as JSON."""

from collections.abc import Iterable
from ipaddress import ip_address

from asn_nlp.config import ServeConfig
from asn_nlp.errors import AnnotationError, AsnError, extra

with extra("serve", "the web service"):
    from fastapi import FastAPI, Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
    from starlette.datastructures import Headers, MutableHeaders
    from starlette.exceptions import HTTPException
    from starlette.middleware.body_limit import RequestBodyLimitMiddleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TOO_LARGE = "a body may have {} megabytes, but has more; divide it"
_LOCAL = ("127.0.0.1", "localhost", "[::1]")
_HEADERS = {
    # The page needs its own three files and the API, and nothing else from anywhere.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",  # articles may be confidential
}


def guard(app: FastAPI, config: ServeConfig) -> None:
    """Answer with the headers above, errors as ``Refusal``; and where only this machine listens,
    under its names alone, so that a page elsewhere cannot have its own name point here."""
    if is_local(config.host):
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=_LOCAL)
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=config.megabytes * 2**20)
    app.add_middleware(_guarded, most=config.megabytes * 2**20)

    @app.exception_handler(AsnError)
    def refused(_: Request, error: AsnError) -> JSONResponse:
        lines = error.problems if isinstance(error, AnnotationError) else [str(error)]
        return refusal(422, lines)

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        kind = request.headers.get("content-type", "")
        if "json" not in kind and any(one["loc"][0] == "body" for one in error.errors()):
            needed = f"a body must come as Content-Type: application/json, found {kind!r}; name it"
            return refusal(415, [needed])
        return refusal(422, map(_line, error.errors()))

    @app.exception_handler(HTTPException)
    def failed(_: Request, error: HTTPException) -> JSONResponse:
        too_large = error.status_code == 413
        words = _TOO_LARGE.format(config.megabytes) if too_large else error.detail
        return refusal(error.status_code, [words])

    @app.exception_handler(Exception)
    def fault(_: Request, error: Exception) -> JSONResponse:
        name = type(error).__name__
        return refusal(500, [f"a fault in asn-nlp or below it, {name}; the terminal shows where"])


def is_local(host: str) -> bool:
    """Whether only this machine reaches ``host``."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def refusal(status: int, errors: Iterable[str]) -> JSONResponse:
    return JSONResponse({"errors": list(errors)}, status)


def _line(error: dict[str, object]) -> str:
    loc = error["loc"]
    place = ".".join(map(str, loc)) if isinstance(loc, tuple) else ""
    return f"{place}: {error['msg']}; see /openapi.json"


def _guarded(app: ASGIApp, most: int) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        inner = app
        if scope["type"] == "http":
            # What comes in pieces is counted within; this would be refused there in plain text.
            length = Headers(scope=scope).get("content-length", "")
            if length.isdecimal() and int(length) > most:
                inner = refusal(413, [_TOO_LARGE.format(most // 2**20)])
        await inner(scope, receive, send_with_headers)

    return answer
