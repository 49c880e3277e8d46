"""A server that listens where it is told, until it is stopped."""

import os
import socket

from asn_nlp.config import ServeConfig
from asn_nlp.errors import ConfigError, extra
from asn_nlp.predictor import Predictor
from asn_nlp.service.app import make_app
from asn_nlp.service.guard import is_local

with extra("serve", "the web service"):
    import uvicorn

_PATIENCE = 5  # seconds in which readings that have begun may end


def serve(predictor: Predictor, *, run: str, config: ServeConfig) -> None:
    """Serve until SIGINT or SIGTERM, which is raised again when all is closed.

    Raises:
        ConfigError: the address is taken, or not this machine's.
    """
    app = make_app(predictor, run=run, config=config)
    with listening_socket(config) as listening:
        host, port = listening.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        print(f"{run}: http://{shown}:{port}/ (Ctrl-C stops)", flush=True)
        if not is_local(config.host):
            print("whoever reaches this machine may read with it, unasked", flush=True)
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_PATIENCE,
            )
        )
        server.run(sockets=[listening])


def listening_socket(config: ServeConfig) -> socket.socket:
    """
    Raises:
        ConfigError: as ``serve``.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        return socket.create_server((config.host, config.port), family=family)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise ConfigError(
            f"{config.host}:{config.port} cannot be listened on ({reason}); give another --port or "
            "--host"
        ) from error
