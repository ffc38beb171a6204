"""Runs ``gf`` in this process, with streams of its own, or as a process; and servers that answer as they are told."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Callable

import pytest

import goatfish
from goatfish.commands import main

SOURCES = Path(goatfish.__file__).parent.parent
AS_PROCESS = [sys.executable, "-c", "import sys; from goatfish.commands import main; sys.exit(main())"]
KEY = "gf_public_secretsecretsecret"


@dataclass(frozen=True)
class Ended:
    """How ``gf`` ended, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Stream(io.TextIOWrapper):
    """A stream in memory, which may say that it is a terminal."""

    def __init__(self, content: str = "", encoding: str = "utf-8", *, terminal: bool = False) -> None:
        self.bytes = io.BytesIO(content.encode())
        self._is_terminal = terminal
        super().__init__(self.bytes, encoding=encoding, newline="")

    def isatty(self) -> bool:
        return self._is_terminal


class Gf:
    """Runs ``gf`` in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: str, stdin: str = "", width: int | None = None, encoding: str = "utf-8") -> Ended:
        """``width`` makes its streams a terminal of so many cells."""
        out, err = (Stream(encoding=encoding, terminal=width is not None) for _ in range(2))
        with self._monkeypatch.context() as patch:
            if width is not None:
                patch.setenv("COLUMNS", str(width))
            patch.setattr(sys, "stdin", Stream(stdin))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            status = main(list(arguments))
            out.flush()
            err.flush()
        return Ended(status, out.bytes.getvalue().decode(encoding), err.bytes.getvalue().decode(encoding))


def started(*arguments: str, env: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[bytes]:
    """``gf`` as a process, whose streams are pipes unless options say otherwise."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = {**os.environ, "PYTHONPATH": str(SOURCES), **(env or {})}
    return subprocess.Popen([*AS_PROCESS, *arguments], env=environment, **{**streams, **options})


Answer = Callable[[BaseHTTPRequestHandler], None]


class Server(ThreadingHTTPServer):
    """A server that says nothing of clients who leave."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        pass


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """The URL of a server that answers every request so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def with_body(status: int, body: bytes, content_type: str = "application/json", **headers: str) -> Answer:
    """An answer with this body."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Type", content_type)
        request.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer
