"""A hub on the loopback: enough of the protocol for the real client, and ways for it to fail."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

_LARGE = (".safetensors", ".bin")


@dataclass
class Repository:
    """Files by commit, commits by reference."""

    commits: dict[str, dict[str, bytes]]
    references: dict[str, str]
    gated: bool = False
    private: bool = False

    def commit(self, revision: str) -> str | None:
        found = self.references.get(revision, revision)
        return found if found in self.commits else None


@dataclass
class Hub:
    """The server; its switches may be turned while it runs."""

    repositories: dict[str, Repository]
    token: str = "hf_kunci"
    hanging: bool = False  # takes every request and answers none
    cutting: bool = False  # sends less of a large file than it announced
    requests: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    endpoint: str = ""


@contextmanager
def serving(repositories: dict[str, Repository]) -> Iterator[Hub]:
    hub = Hub(repositories)
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        self.hub.requests.append(f"{self.command} {url.path}")
        if self.hub.hanging:
            self.hub.released.wait()
            self.close_connection = True
            return
        if parts[0] == "cdn":
            self._send_blob(parts[1])
        elif parts[:2] == ["api", "models"]:
            self._describe("/".join(parts[2:4]), parts[4:])
        elif len(parts) >= 5 and parts[2] == "resolve":
            self._resolve("/".join(parts[:2]), parts[3], "/".join(parts[4:]))
        else:
            self._refuse(404, "RepoNotFound")

    def do_POST(self) -> None:
        """What writes: a repository, and a commit whose files all come along in it."""
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.hub.requests.append(f"POST {url.path}")
        if self.headers.get("Authorization") != f"Bearer {self.hub.token}":
            self._refuse(401, "")
            return
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        name = "/".join(parts[2:4])
        if parts[1] == "repos":
            self._create(**json.loads(body))
        elif parts[1] == "validate-yaml":
            self._send_json({"errors": [], "warnings": []})
        elif parts[4] == "preupload":
            files = [file["path"] for file in json.loads(body)["files"]]
            modes = {"uploadMode": "regular", "shouldIgnore": False}
            self._send_json({"files": [{"path": path} | modes for path in files]})
        else:
            self._commit(name, [json.loads(line) for line in body.splitlines()])

    def _create(self, name: str, organization: str, visibility: str = "public", **_: Any) -> None:
        full = f"{organization}/{name}"
        there = full in self.hub.repositories
        if not there:
            self.hub.repositories[full] = Repository({}, {}, private=visibility == "private")
        answer = json.dumps({"url": f"{self.hub.endpoint}/{full}", "id": full}).encode()
        self._send(409 if there else 200, answer, {"Content-Type": "application/json"})

    def _commit(self, name: str, lines: list[dict[str, Any]]) -> None:
        files = {
            line["value"]["path"]: base64.b64decode(line["value"]["content"])
            for line in lines
            if line["key"] == "file"
        }
        repository = self.hub.repositories[name]
        commit = _sha1(repr(files).encode())
        repository.commits[commit] = files
        repository.references["main"] = commit
        url = f"{self.hub.endpoint}/{name}/commit/{commit}"
        self._send_json({"success": True, "commitUrl": url, "commitOid": commit})

    def _describe(self, name: str, rest: list[str]) -> None:
        repository = self.hub.repositories.get(name)
        if repository is None:
            # The hub does not tell strangers whether a repository is private or not there.
            self._refuse(401, "RepoNotFound")
            return
        commit = repository.commit(rest[1] if rest else "main")
        if commit is None:
            self._refuse(404, "RevisionNotFound")
            return
        files = repository.commits[commit]
        if rest and rest[0] == "tree":
            self._send_json([_described(name, content) | {"type": "file"} | {"path": name}
                             for name, content in files.items()])  # fmt: skip
        else:
            siblings = [{"rfilename": file} | _described(file, files[file]) for file in files]
            self._send_json({"id": name, "sha": commit, "siblings": siblings,
                             "private": repository.private})  # fmt: skip

    def _resolve(self, name: str, revision: str, file: str) -> None:
        repository = self.hub.repositories.get(name)
        if repository is None:
            self._refuse(401, "RepoNotFound")
            return
        commit = repository.commit(revision)
        if commit is None:
            self._refuse(404, "RevisionNotFound")
            return
        headers = {"X-Repo-Commit": commit}
        allowed = self.headers.get("Authorization") == f"Bearer {self.hub.token}"
        if repository.gated and not allowed:
            self._refuse(401, "GatedRepo", headers)
            return
        content = repository.commits[commit].get(file)
        if content is None:
            self._refuse(404, "EntryNotFound", headers)
            return
        if not file.endswith(_LARGE):
            self._send(200, content, headers | {"ETag": f'"{_sha1(content)}"'})
            return
        digest = hashlib.sha256(content).hexdigest()
        # Large files come from elsewhere, to which the token must not go.
        elsewhere = self.hub.endpoint.replace("127.0.0.1", "localhost")
        linked = {
            "X-Linked-Etag": f'"{digest}"',
            "X-Linked-Size": str(len(content)),
            "Location": f"{elsewhere}/cdn/{digest}",
        }
        self._send(302, b"", headers | linked)

    def _send_blob(self, digest: str) -> None:
        assert self.headers.get("Authorization") is None
        blobs = {
            hashlib.sha256(content).hexdigest(): content
            for repository in self.hub.repositories.values()
            for files in repository.commits.values()
            for content in files.values()
        }
        content = blobs[digest]
        if self.hub.cutting:
            content = content[: len(content) // 2]
        begin = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-")
        first = min(int(begin), len(content))
        status = 206 if "Range" in self.headers else 200
        self._send(status, content[first:], {"ETag": f'"{digest}"'})

    def _refuse(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        self._send(status, b"{}", {"X-Error-Code": code} | (headers or {}))

    def _send_json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _described(file: str, content: bytes) -> dict[str, Any]:
    described: dict[str, Any] = {"size": len(content), "oid": _sha1(content)}
    if file.endswith(_LARGE):
        digest = hashlib.sha256(content).hexdigest()
        described["lfs"] = {"oid": digest, "sha256": digest, "size": len(content), "pointerSize": 1}
    return described


def _sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
