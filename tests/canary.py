"""Watches a whole test run for leaks: secrets must not appear in logs, nor in responses except the first one."""

import json
import logging
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.access.token import ApiKeyToken

_SECRET = 43
"""Characters of a key's secret, without its checksum."""
CLIENTS = frozenset({"httpx2", "httpcore2"})
"""The loggers of HTTP clients, which log the requests of the tests and not the service."""
VARIETY_MIN = 10
"""The least number of different characters in a random secret."""
_RUN = re.compile(rf"(?<![0-9A-Za-z])[0-9A-Za-z]{{{_SECRET},}}+")
_SAMPLE = 4
"""Every so many characters of a text, one is looked at first."""
_RUN_OF_SAMPLES = re.compile(rf"[0-9A-Za-z]{{{_SECRET // _SAMPLE},}}+")
_STEP = 16
"""Every so many characters of a run, a piece of this length is looked up: some piece of a secret is always among them,
as a secret is longer than two of them."""
_FIRST = [slice(at, at + _STEP) for at in range(_STEP)]
"""Where the pieces of a secret are, one of which is looked up wherever the secret begins."""


def _runs(text: str) -> list[str]:
    """The runs of letters and digits in which a secret has room."""
    sampled = _RUN_OF_SAMPLES.finditer(text[::_SAMPLE])
    places = [(max((found.start() - 1) * _SAMPLE, 0), found.end() * _SAMPLE) for found in sampled]
    return [run for start, end in places for run in _RUN.findall(text, start, end)]


class Canary:
    """Collects the secrets of keys created in this process and of settings, and finds them in texts."""

    def __init__(self) -> None:
        self._secrets: dict[int, set[str]] = {_SECRET: set(), 64: set()}
        self._pieces: set[str] = set()
        self._words: set[str] = set()
        self._shown: set[str] = set()
        self.found: list[str] = []

    def knows(self, text: ApiKeyToken) -> None:
        """Registers the secret of this key, unless it consists of one repeated byte."""
        if len(set(text._secret)) < VARIETY_MIN:
            return
        for secret in (text._secret, text.digest()):
            self._secrets[len(secret)].add(secret)
            self._pieces.update(map(secret.__getitem__, _FIRST))  # no Python calls: they would be counted

    def knows_word(self, word: str) -> None:
        """Registers this text as a secret."""
        self._words.add(word)

    def look(self, text: str, where: str) -> None:
        """Records ``where`` if the text contains a secret."""
        if any(map(self._is_in, _runs(text))) or any(word in text for word in self._words):
            self.found.append(f"a secret in {where}")

    def _is_in(self, run: str) -> bool:
        if self._pieces.isdisjoint([run[at : at + _STEP] for at in range(0, len(run), _STEP)]):
            return False
        parts = (run[at : at + size] for size in self._secrets for at in range(len(run) - size + 1))
        return any(part in self._secrets[len(part)] for part in parts)

    def may_show(self, body: bytes) -> str:
        """The body of the response to a key creation without the key, which may be shown this once."""
        try:
            answer = json.loads(body)
            key = answer.pop("key")
        except (ValueError, AttributeError, KeyError):
            return body.decode("latin-1")
        if key in self._shown:
            self.found.append("a key in a second answer")
        if key is not None:
            self._shown.add(key)
        return json.dumps(answer)


CANARY = Canary()


class WatchedLog(logging.Handler):
    """Checks each log record as it would be written without the formatter that hides keys."""

    def __init__(self, canary: Canary) -> None:
        super().__init__()
        self._canary = canary

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] not in CLIENTS:
            self._canary.look(self.format(record), f"the log of {record.name}")


class WatchedAnswers:
    """ASGI middleware that checks the headers and the body of each response."""

    def __init__(self, app: ASGIApp, *, canary: Canary) -> None:
        self._app, self._canary = app, canary

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts: list[bytes] = []

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                parts.extend(part for header in message["headers"] for part in header)
                parts.append(b"\n")
                where = f"the answer to {scope['method']} {scope['path']}, {message['status']}"
                self._canary.look(b" ".join(parts).decode("latin-1"), f"the headers of {where}")
                parts.clear()
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))
                if not message.get("more_body", False):
                    self._look(scope, b"".join(parts))
            await send(message)

        await self._app(scope, receive, watched)

    def _look(self, scope: Scope, body: bytes) -> None:
        shows = scope["method"] == "POST" and re.fullmatch(r"(/proxy)?/api/v1/keys(/[^/]*/roll)?", scope["path"])
        text = self._canary.may_show(body) if shows else body.decode("latin-1")
        self._canary.look(text, f"the body of the answer to {scope['method']} {scope['path']}")
