"""Holds every contestant to the same answers before anything is timed, so that nobody wins by doing less."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

from benchmarks.contestants import Dialect
from benchmarks.operations import DEPTH, NAME, SINCE, Api, simulation

# Goatfish shows a description and labels as well.
MEMBERS = {"id", "name", "start_date", "end_date", "created_at", "updated_at"}
CHECKS: list[Callable[["Subject"], Iterator[tuple[str, bool]]]] = []


class Subject:
    """A contestant under examination, and what Goatfish has answered: the same rows lie under both."""

    def __init__(
        self, port: int, dialect: Dialect, keys: tuple[str, str], large: str, expected: dict[str, Any]
    ) -> None:
        self.dialect = dialect
        self.mine, self.other = (Api(port, dialect, key) for key in keys)
        self.large = Api(port, dialect, large)
        self.nobody = Api(port, dialect, None)
        self.stranger = Api(port, dialect, "gf_4C59udQeJsIwGJ_pDiWE5Nfj9ZIbQHaSXpewjJKCqrfmS5prG7hiLOrhon10SSK0")
        self.expected = expected
        """Filled by the first that is examined, compared by all others."""
        self.deep = ""
        """What leads to the deep page, once it has been found."""

    def create(self, name: str = "Bridge deck drag, run 7") -> Any:
        return self.mine.ask("POST", self.dialect.path + self.dialect.slash, simulation(name))

    def agrees(self, what: str, value: Any) -> bool:
        return bool(self.expected.setdefault(what, value) == value)

    def items(self, page: Any) -> list[Any]:
        found: list[Any] = page[self.dialect.items]
        return found


def violations(subject: Subject) -> list[str]:
    """What this contestant answers otherwise than it should, in words."""
    found = []
    for check in CHECKS:
        try:
            found += [f"{check.__name__}: {what}" for what, good in check(subject) if not good]
        except Exception as error:
            found.append(f"{check.__name__}: {type(error).__name__}: {error}")
    for api in (subject.mine, subject.other, subject.large, subject.nobody, subject.stranger):
        api.close()
    return found


def check(function: Callable[[Subject], Iterator[tuple[str, bool]]]) -> Callable[[Subject], Iterator[tuple[str, bool]]]:
    CHECKS.append(function)
    return function


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    times = {"created_at", "updated_at"}
    plain = all(one[name] == other[name] for name in MEMBERS - times)
    return plain and all(_moment(one[name]) == _moment(other[name]) for name in times)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@check
def lists(subject: Subject) -> Iterator[tuple[str, bool]]:
    page = subject.mine.page()
    items = subject.items(page)
    yield "20 items", len(items) == 20
    yield "the members of a simulation", all(set(item) >= MEMBERS for item in items)
    yield "the newest first", subject.agrees("list", [item["id"] for item in items])
    yield "a way to the next page", bool(subject.dialect.cursor(page))
    following = subject.items(subject.mine.page(cursor=subject.dialect.cursor(page) or ""))
    yield "the next page goes on", subject.agrees("next", [item["id"] for item in following])


@check
def gets(subject: Subject) -> Iterator[tuple[str, bool]]:
    first = subject.items(subject.mine.page())[0]
    reply = subject.mine.ask("GET", subject.dialect.one(first["id"]))
    yield "200", reply.status == 200
    yield "what the list shows", _same(reply.body, first)
    yield "an ETag", bool(reply.headers.get("etag"))


@check
def finds(subject: Subject) -> Iterator[tuple[str, bool]]:
    items = subject.items(subject.mine.page(name=NAME, start_date_from=SINCE))
    yield "20 items", len(items) == 20
    yield "the right ones", subject.agrees("filter", [item["id"] for item in items])
    yield "none of a name that is nowhere", subject.items(subject.mine.page(name="xyzzy")) == []


@check
def goes_deep(subject: Subject) -> Iterator[tuple[str, bool]]:
    subject.deep = subject.large.cursor_at(DEPTH)
    items = subject.items(subject.large.page(cursor=subject.deep))
    yield "the right ones", subject.agrees("deep", [item["id"] for item in items])
    yield "20 items", len(items) == 20


@check
def creates_changes_deletes(subject: Subject) -> Iterator[tuple[str, bool]]:
    reply = subject.create()
    yield "create: 201", reply.status == 201
    yield "create: its members", set(reply.body) >= MEMBERS and reply.body["end_date"] == "2026-02-01"
    path = subject.dialect.one(reply.body["id"])
    before = subject.mine.ask("GET", path)
    yield "create: is there", before.status == 200 and _same(before.body, reply.body)
    yield "create: is first", subject.items(subject.mine.page())[0]["id"] == reply.body["id"]
    changed = subject.mine.ask("PATCH", path, {"end_date": "2026-03-01"})
    yield "update: 200", changed.status == 200
    yield "update: the member sent", changed.body["end_date"] == "2026-03-01"
    yield "update: no other", changed.body["name"] == before.body["name"]
    yield "update: its time", _moment(changed.body["updated_at"]) > _moment(before.body["updated_at"])
    after = subject.mine.ask("GET", path)
    yield "update: is there", _same(after.body, changed.body)
    yield "update: another ETag", after.headers["etag"] != before.headers["etag"]
    gone = subject.mine.ask("DELETE", path)
    yield "delete: 204", gone.status == 204 and not gone.body
    yield "delete: is gone", subject.mine.ask("GET", path).status == 404
    yield "delete: again 404", subject.mine.ask("DELETE", path).status == 404


@check
def answers_conditionally(subject: Subject) -> Iterator[tuple[str, bool]]:
    made = subject.create().body
    path = subject.dialect.one(made["id"])
    tag = subject.mine.ask("GET", path).headers["etag"]
    seen = subject.mine.ask("GET", path, If_None_Match=tag)
    yield "304", seen.status == 304
    yield "no body", not seen.body
    yield "the ETag again", seen.headers.get("etag") == tag
    subject.mine.ask("PATCH", path, {"name": "Hull drag, run 8"})
    yield "200 after a change", subject.mine.ask("GET", path, If_None_Match=tag).status == 200
    subject.mine.ask("DELETE", path)


@check
def keeps_owners_apart(subject: Subject) -> Iterator[tuple[str, bool]]:
    id = subject.items(subject.mine.page())[0]["id"]
    for stranger in (id, str(uuid4())):
        path = subject.dialect.one(stranger)
        yield "get: 404", subject.other.ask("GET", path).status == 404
        yield "update: 404", subject.other.ask("PATCH", path, {"name": "mine now"}).status == 404
        yield "delete: 404", subject.other.ask("DELETE", path).status == 404
    yield "it is still there", subject.mine.ask("GET", subject.dialect.one(id)).status == 200
    yield "not listed", id not in {item["id"] for item in subject.items(subject.other.page(100))}


@check
def asks_for_a_key(subject: Subject) -> Iterator[tuple[str, bool]]:
    id = subject.items(subject.mine.page())[0]["id"]
    for api in (subject.nobody, subject.stranger):
        yield "list: 401", api.ask("GET", subject.dialect.listing()).status == 401
        yield "get: 401", api.ask("GET", subject.dialect.one(id)).status == 401
        made = api.ask("POST", subject.dialect.path + subject.dialect.slash, simulation("Hull drag"))
        yield "create: 401", made.status == 401


@check
def refuses_what_is_invalid(subject: Subject) -> Iterator[tuple[str, bool]]:
    path = subject.dialect.path + subject.dialect.slash
    for what, sent in {
        "ends before it starts": simulation("Hull drag", "2026-02-01", "2026-01-05"),
        "an empty name": simulation(""),
        "a long name": simulation("x" * 301),
        "no date": simulation("Hull drag", "2026-02-30"),
        "a member missing": {"name": "Hull drag", "start_date": "2026-01-05"},
    }.items():
        yield f"create: {what}: 422", subject.mine.ask("POST", path, sent).status == 422
    made = subject.create().body
    one = subject.dialect.one(made["id"])
    yield "update: ends before it starts: 422", subject.mine.ask("PATCH", one, {"end_date": "2025-12-31"}).status == 422
    yield "update: an empty name: 422", subject.mine.ask("PATCH", one, {"name": ""}).status == 422
    yield "nothing changed", _same(subject.mine.ask("GET", one).body, made)
    subject.mine.ask("DELETE", one)
