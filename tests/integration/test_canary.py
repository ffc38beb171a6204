"""A canary: one key is driven through everything that a running service does, then looked for wherever it may be."""

import dataclasses
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from domain.access.token import ApiKeyToken, redact
from tests.canary import Canary
from tests.contracts.http_api import KEYS, SIMULATIONS, UNKNOWN, WING
from tests.running_service import SECRET_KEY, Live, live

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
RATE, FAILURES = 200, 20


@dataclass
class Driven:
    """A running service, its database, and a client that keeps every answer but those that show a new key."""

    service: Live
    database: Path
    http: httpx2.Client
    answers: list[httpx2.Response] = field(default_factory=list)

    def send(self, method: str, path: str, key: str = "", *, shows: bool = False, **more: Any) -> httpx2.Response:
        more["headers"] = {"X-API-Key": key or self.service.key} | more.get("headers", {})
        answer = self.http.request(method, path, **more)
        if not shows:
            self.answers.append(answer)
        return answer

    def statuses(self) -> set[int]:
        return {answer.status_code for answer in self.answers}


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[Driven]:
    database = tmp_path / "goatfish.sqlite3"
    limits = {"RATE_LIMIT": str(RATE), "FAILURE_LIMIT": str(FAILURES)}
    with (
        live(*[f"sqlite:///{database}"] * 2, "--access-log", LOG_LEVEL="DEBUG", **limits) as service,
        httpx2.Client(base_url=service.url) as http,
    ):
        yield Driven(service, database, http)


def spelt(key: str) -> str:
    return key.replace("_", "%5F")


def spelt_oddly(key: str) -> str:
    return key.replace("g", "%67", 1).replace("_", "%255F")


def ask_with_it(driven: Driven, key: str) -> None:
    """As credentials, and wherever in a request it does not belong."""
    for headers in (
        {"Authorization": f"Bearer {key}"},
        {"Authorization": f"Basic {key}"},
        {"Authorization": key},
        {"X-Request-ID": key},
        {"If-None-Match": f'"{key}"'},
        {"If-None-Match": key},
        {"Host": key},
        {"Origin": f"https://{key}"},
        {"Cookie": f"sessionid={key}"},
    ):
        driven.send("GET", SIMULATIONS, headers=headers)
    for path in (f"{SIMULATIONS}/{key}", f"{KEYS}/{key}", f"/{key}", f"/problems/{key}", f"/admin/{key}/", f"//{key}"):
        driven.send("GET", path)
        driven.send("GET", path.replace(key, spelt(key)))
        driven.send("GET", path.replace(key, spelt_oddly(key)))
        driven.send("PUT", path)
    for query in (f"key={key}", f"{key}=1", f"cursor={key}", f"sort={key}", f"active_on={key}", f"limit={spelt(key)}"):
        driven.send("GET", f"{SIMULATIONS}?{query}")
        for other in ("/livez", "/admin/", "/admin/login/"):
            driven.send("GET", f"{other}?{query}")
            driven.send("GET", f"{other}?{query.replace(key, spelt_oddly(key))}")
    driven.send("GET", f"/admin/login/?next=/{key}")
    driven.send("POST", f"/admin/login/?next=/{spelt_oddly(key)}")
    for body in (
        {"name": "n", key: 1},
        {"name": {key: key}},
        {"start_date": key},
        {"scopes": [key], "name": "n", "expires_at": key},
    ):
        driven.send("POST", SIMULATIONS, json=WING | body)
        driven.send("POST", KEYS, json=body)
    driven.send("POST", SIMULATIONS, content=f'{{"name": {key}', headers={"Content-Type": "application/json"})
    driven.send("POST", SIMULATIONS, content=key, headers={"Content-Type": key})
    driven.send("POST", SIMULATIONS, content=key * 20_000, headers={"Content-Type": "application/json"})
    driven.send("POST", SIMULATIONS, json=WING, headers={"Idempotency-Key": key})
    driven.send("DELETE", UNKNOWN, headers={"If-Match": f'"{key}"'})


def make_and_roll(driven: Driven) -> list[str]:
    """The keys that are shown, each in an answer that is not kept, and repeated without."""
    shown = []
    sent = {"name": "canary", "scopes": ["simulations:read"]}
    first = driven.send("POST", KEYS, json=sent, headers={"Idempotency-Key": "made"}, shows=True).json()
    driven.send("POST", KEYS, json=sent, headers={"Idempotency-Key": "made"})
    path = f"{KEYS}/{first['id']}"
    second = driven.send("POST", f"{path}/roll", json={}, headers={"Idempotency-Key": "rolled"}, shows=True).json()
    driven.send("POST", f"{path}/roll", json={}, headers={"Idempotency-Key": "rolled"})
    shown = [first["key"], second["key"]]
    for key in shown:
        driven.send("GET", SIMULATIONS, key)
        driven.send("POST", SIMULATIONS, key, json=WING)  # 403
    for read in (path, KEYS, "/api/v1/me", "/openapi.json", "/docs"):
        driven.send("GET", read)
    driven.send("DELETE", path)
    driven.send("POST", f"{path}/roll", json={})  # 409
    driven.send("GET", SIMULATIONS, first["key"])
    return shown


def break_it(driven: Driven) -> None:
    """A row that cannot be read, and a database that is gone."""
    made = driven.send("POST", SIMULATIONS, json=WING)
    with sqlite3.connect(driven.database) as connection:
        connection.execute("UPDATE simulation SET updated_at = '2026-99-99 00:00:00'")
    assert driven.send("GET", made.headers["location"]).status_code == 500
    away = driven.database.with_suffix(".away")
    driven.database.rename(away)
    assert driven.send("GET", SIMULATIONS).status_code == 503
    assert driven.send("GET", "/readyz").status_code == 503
    away.rename(driven.database)
    with sqlite3.connect(driven.database) as connection:
        connection.execute("DELETE FROM simulation")


def exhaust(driven: Driven, wrong: str) -> None:
    """Too many failures, and too many requests."""
    while driven.send("GET", SIMULATIONS, wrong).status_code == 401:
        pass
    while driven.send("GET", SIMULATIONS).status_code != 429:
        pass


def commands(driven: Driven) -> str:
    """What the operators' commands say, but for the key that one of them makes."""
    key, prefix = driven.service.key, driven.service.key[:17]
    said = []
    for arguments in (
        ("owner", "list"),
        ("key", "list", "tests"),
        ("key", "revoke", "tests", key),
        ("key", "roll", "tests", key),
        ("key", "roll", "tests", prefix),
        ("key", "revoke", "tests", prefix),
        ("doctor",),
        ("openapi",),
        ("purge",),
        ("django", "check"),
    ):
        done = driven.service.goatfish(*arguments, check=False)
        said.append(done.stdout + done.stderr)
    return "\n".join(said)


def test_no_secret_is_in_logs_responses_output_or_tables(driven: Driven) -> None:
    parsed = ApiKeyToken.parse(driven.service.key)
    assert parsed is not None
    wrong = dataclasses.replace(ApiKeyToken.new(os.urandom), public_id=parsed.public_id)
    for key in (driven.service.key, wrong.reveal()):
        ask_with_it(driven, key)
    shown = make_and_roll(driven)
    break_it(driven)
    exhaust(driven, wrong.reveal())
    said = commands(driven)
    assert driven.statuses() >= {200, 201, 204, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503}

    canary, clear = Canary(), Canary()
    canary.knows_word(SECRET_KEY)
    for text in (parsed, wrong, *filter(None, map(ApiKeyToken.parse, shown))):
        canary.knows(text)
        clear.knows_word(text.reveal().split("_")[2])
    for answer in driven.answers:
        whole = f"{answer.headers.multi_items()} {answer.text}"
        canary.look(whole, f"the answer to {answer.request.method} {answer.request.url}, {answer.status_code}")
    heard = driven.service.heard.getvalue()
    canary.look(heard, "the log")
    canary.look(said, "the output of commands")
    assert canary.found == [], "\n".join(canary.found)
    assert heard.count("goatfish.access") > 20, "the log tells of requests that held a key"
    assert "Traceback" in heard

    with sqlite3.connect(driven.database) as connection:
        clear.look("\n".join(connection.iterdump()), "the database")
    for file in driven.database.parent.iterdir():
        clear.look(file.read_bytes().decode("latin-1"), str(file))
    assert clear.found == []


def test_the_openapi_document_contains_no_key() -> None:
    text = DOCUMENT.read_text()
    assert redact(text) == text
