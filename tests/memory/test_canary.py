"""The canary finds secrets in responses and logs, and the log formatter redacts keys."""

import json
import logging
import os
import time
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.responses import JSONResponse, Response
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from app.logs import KeyHidingFormatter
from domain.access.token import ApiKeyToken, redact
from tests.canary import CANARY, Canary, WatchedAnswers, WatchedLog
from tests.contracts.http_api import KEYS, SIMULATIONS

SETTING = "signs cursors and admin sessions"


@pytest.fixture
def text() -> ApiKeyToken:
    return ApiKeyToken.new(os.urandom)


@pytest.fixture
def canary(text: ApiKeyToken) -> Canary:
    canary = Canary()
    canary.knows(text)
    canary.knows_word(SETTING)
    return canary


def leaks(text: ApiKeyToken) -> dict[str, str]:
    whole = text.reveal()
    return {
        "whole": whole,
        "in a url": f"/x?key={whole.replace('_', '%5F')}&",
        "secret": whole.split("_")[2],
        "without checksum": whole[:-6],
        "within a word": f"xx{whole.split('_')[2]}xx",
        "digest": text.digest(),
        "setting": f"GOATFISH_SECRET_KEY={SETTING}",
    }


@pytest.mark.parametrize("leak", leaks(ApiKeyToken("", "")))
def test_a_secret_in_a_response_is_found(canary: Canary, text: ApiKeyToken, leak: str) -> None:
    leaked = leaks(text)[leak]
    for response in (Response(leaked), JSONResponse({"x": [leaked]}), Response("", headers={"X": leaked})):
        TestClient(WatchedAnswers(response, canary=canary)).get(SIMULATIONS)
    assert len(canary.found) == 3


def test_a_secret_is_found_wherever_it_is_in_a_word(canary: Canary, text: ApiKeyToken) -> None:
    for secret in (text.reveal().split("_")[2], text.digest()):
        for before in range(70):
            for after in ("", "x" * 70):
                canary.found.clear()
                canary.look("/" + "x" * before + secret + after, "a word")
                assert canary.found == ["a secret in a word"], before
    canary.found.clear()
    canary.look(f"{text.reveal()[:-10]} {text.digest()[1:]}x {'x' * 300}", "words")
    assert canary.found == []


@pytest.mark.parametrize("leak", leaks(ApiKeyToken("", "")))
def test_a_secret_in_the_log_is_found(
    canary: Canary, text: ApiKeyToken, leak: str, caplog: pytest.LogCaptureFixture
) -> None:
    leaked, log = leaks(text)[leak], logging.Logger("apart")
    log.addHandler(WatchedLog(canary))
    log.warning(leaked)
    log.debug("%r", {"x": leaked})
    log.error("an error", exc_info=RuntimeError(leaked))
    assert canary.found == ["a secret in the log of apart"] * 3


def test_a_logged_key_is_reported_by_the_global_canary(caplog: pytest.LogCaptureFixture) -> None:
    key = ApiKeyToken.new(os.urandom).reveal()
    logging.getLogger("goatfish").info("for %s", key)
    found, CANARY.found = CANARY.found, []
    assert found == ["a secret in the log of goatfish"]


def test_a_new_key_may_be_in_one_response_only(canary: Canary, text: ApiKeyToken) -> None:
    async def made(scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse({"name": "n", "key": text.reveal()}, 201)(scope, receive, send)

    http = TestClient(WatchedAnswers(made, canary=canary))
    http.post(KEYS)
    assert canary.found == []
    http.post(f"{KEYS}/x/roll")
    assert canary.found == ["a key in a second answer"]
    http.get(KEYS)
    assert len(canary.found) == 2


def test_public_text_is_not_reported(canary: Canary, text: ApiKeyToken) -> None:
    other = ApiKeyToken.new(os.urandom)
    public = json.dumps([text.public_id, other.reveal(), other.digest(), "x" * 300, text.reveal()[:-7]])
    TestClient(WatchedAnswers(Response(public), canary=canary)).get(SIMULATIONS)
    assert canary.found == []


@pytest.mark.parametrize(
    "alter",
    [
        lambda key: key,
        lambda key: key[:-1],
        lambda key: key[:-20],
        lambda key: key + "x",
        lambda key: key.replace("_", "%5F"),
        lambda key: key.replace("_", "%5f"),
        lambda key: key.upper(),
        lambda key: key.replace("gf_", "gf_x"),
    ],
    ids=["whole", "1-short", "20-short", "1-long", "encoded", "encoded-lower-case", "upper-case", "other-public-id"],
)
def test_whole_and_damaged_keys_are_redacted(text: ApiKeyToken, alter: Any) -> None:
    key = alter(text.reveal())
    gf, public_id, _ = unquote(key).split("_")
    assert redact(f"for {key}.") == f"for {gf}_{public_id}_***."
    assert redact(f"{key},{key}").count("***") == 2


def percent(text: str) -> str:
    return "".join(f"%{ord(letter):02x}" for letter in text)


@pytest.mark.parametrize(
    "encode",
    [
        lambda key: key.replace("g", "%67", 1),
        lambda key: key.replace("_", "%255F"),
        lambda key: key.replace("g", "%2567", 1),
        lambda key: key[:-9] + percent(key[-9:]),
        percent,
        lambda key: percent(percent(key)),
        lambda key: key.replace("_", "%%35F"),
    ],
    ids=["one-letter", "underscores-twice", "one-letter-twice", "last-nine", "all", "all-twice", "nested-escape"],
)
def test_a_percent_encoded_key_is_redacted(text: ApiKeyToken, encode: Any) -> None:
    shown = f"gf_{text.public_id}_***"
    line = '1 - "GET /x?a=b%20c&k={} HTTP/1.1" 100%\n'
    redacted = redact(line.format(encode(text.reveal())))
    assert unquote(redacted) == unquote(line.format(shown))
    assert redacted.count("\n") == 1
    path = f"/x/{encode(text.reveal())}\nGET"
    assert redact(path) == f"/x/{shown}\nGET"
    assert "\n" not in redact(f"/{encode(text.reveal())}%0A")


@pytest.mark.parametrize("plain", ["%", "%%%", "%67f_x%", "a%20b%0Ac\n%FF \ud800%41", "%67f_x_ y", "100% gf_x"])
def test_percent_encoded_text_without_a_key_is_unchanged(plain: str) -> None:
    assert redact(plain) == plain


@pytest.mark.parametrize("part", ["%FF", "%25", "%", "gf%5F", "gf_", "%67f", "gf_x%5F", "x"])
def test_redacting_long_text_is_fast(part: str) -> None:
    began = time.process_time()
    redact("%" + part * (60_000 // len(part)))
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("plain", ["", "gf_", "gf_x", "/api/v1/keys", "abgf-x_y", "goatfish.http: 200 OK"])
def test_text_without_a_key_is_unchanged(plain: str) -> None:
    assert redact(plain) == plain


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_the_log_formatter_redacts_keys_and_never_raises(text: ApiKeyToken) -> None:
    def line(message: Any, *arguments: Any, error: Exception | None = None) -> str:
        violation = None if error is None else (type(error), error, None)
        record = logging.LogRecord("goatfish", logging.INFO, "here.py", 7, message, arguments, violation)
        return KeyHidingFormatter("{levelname} {message}", style="{").format(record)

    key = text.reveal()
    shown = f"INFO for gf_{text.public_id}_***"
    assert line("for %s", key) == line(f"for {key}") == shown
    assert key not in line("a fault", error=RuntimeError(key))
    for broken in (line("%d", key), line("%s and %s", key), line("%r", Unprintable()), line(Unprintable())):
        assert "while formatting a message logged at here.py:7" in broken
        assert key not in broken
