"""Filters of lists, and cursors."""

import base64
import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from adapters.http_fastapi.kit.cursors import Cursors
from adapters.http_fastapi.kit.entities.entity_schemas import list_query
from adapters.http_fastapi.kit.pagination import listing
from adapters.http_fastapi.kit.problems import ProblemException
from domain.entity import conditions_of, sort_value
from domain.paging import LIMIT_MAX, NEWEST_FIRST, Comparison, Condition, PageRequest, Position, Sort, SortValue
from domain.simulations.simulation import Simulation
from tests.factories import NOW, SimulationFactory, new_owner_id

NEW, OLD, OTHER = "n" * 32, "o" * 32, "x" * 32
OWNER = new_owner_id()
VALUES: list[SortValue] = [
    "",
    "a",
    "straße".casefold(),
    "🐐\u202e\"\\'",
    "ΐ".casefold() * 300,
    "7",
    0,
    -7,
    2**63 - 1,
    date.min,
    date.max,
    NOW,
    NOW.replace(microsecond=0),
    datetime.min.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
]
every_value = pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value)[:40])

SimulationQuery: Any = list_query(Simulation)


def sealed(cursors: Cursors, value: SortValue = NOW, listing: str = "list", id: UUID | None = None) -> str:
    text = cursors.seal(Position(value, id or uuid7()), OWNER, listing)
    assert text is not None
    return text


def is_refused(cursors: Cursors, text: str) -> bool:
    with pytest.raises(ProblemException) as refused:
        cursors.open(text)
    return refused.value.kind.code == "invalid_cursor"


def test_default_order_is_newest_first() -> None:
    assert PageRequest().sort == NEWEST_FIRST == Sort("created_at", descending=True)
    assert (PageRequest().limit, PageRequest().conditions, PageRequest().after, LIMIT_MAX) == (20, (), None, 100)


@pytest.mark.parametrize(
    ("comparison", "value", "expected"),
    [
        (Comparison.AT_LEAST, date(2026, 1, 4), True),
        (Comparison.AT_LEAST, date(2026, 1, 5), True),
        (Comparison.AT_LEAST, date(2026, 1, 6), False),
        (Comparison.AT_MOST, date(2026, 1, 4), False),
        (Comparison.AT_MOST, date(2026, 1, 5), True),
        (Comparison.AT_MOST, date(2026, 1, 6), True),
    ],
)
def test_range_conditions_include_both_ends(comparison: Comparison, value: date, expected: bool) -> None:
    assert Condition("start_date", comparison, value).holds(SimulationFactory.build().start_date) is expected


def test_filters_become_conditions() -> None:
    assert conditions_of(Simulation) == ()
    day = date(2026, 1, 1)
    assert conditions_of(Simulation, name="ẞ%_") == (Condition("name", Comparison.CONTAINS, "ss%_"),)
    assert set(conditions_of(Simulation, active_on=day)) == {
        Condition("start_date", Comparison.AT_MOST, day),
        Condition("end_date", Comparison.AT_LEAST, day),
    }
    whole = conditions_of(
        Simulation, name="", active_on=day, start_date_from=day, start_date_to=day, end_date_from=day, end_date_to=day
    )
    assert len(whole) == 7


def test_conditions_are_in_the_order_of_declaration() -> None:
    day = date(2026, 1, 1)
    given = {"active_on": day, "end_date_to": day, "name": "a", "start_date_from": day}
    conditions = conditions_of(Simulation, **given)
    assert conditions == conditions_of(Simulation, **dict(reversed(given.items())))
    assert [each.attribute for each in conditions] == ["name", "start_date", "end_date", "start_date", "end_date"]


@given(st.text(max_size=5), st.text(max_size=3))
def test_contains_ignores_case(name: str, part: str) -> None:
    simulation = SimulationFactory.build(name=name)
    (condition,) = conditions_of(Simulation, name=part)
    assert condition.holds(sort_value(simulation, "name")) is (part.casefold() in name.casefold())


@pytest.mark.parametrize("field", ["created_at", "start_date", "end_date", "name"])
def test_every_sort_field_works_in_both_directions(field: str) -> None:
    assert hasattr(SimulationFactory.build(), field)
    assert SimulationQuery(sort=field).request().sort == Sort(field)
    assert SimulationQuery(sort=f"-{field}").request().sort == Sort(field, descending=True)


def test_listing_differs_between_lists_but_not_between_pages() -> None:
    day, next_day = "2026-01-01", "2026-01-02"
    queries = [
        {},
        *({"sort": sort} for sort in ("created_at", "name", "-name", "start_date", "end_date", "-end_date")),
        *({"name": name} for name in ("a", "b", "a'", 'a"', "a) b", "2026-01-01")),
        *({field: day} for field in ("active_on", "start_date_from", "start_date_to", "end_date_from", "end_date_to")),
        {"active_on": next_day},
        {"start_date_from": day, "start_date_to": next_day},
        {"start_date_from": day, "end_date_to": next_day},
    ]
    listings = [listing(SimulationQuery.model_validate(query).request()) for query in queries]
    assert len(set(listings)) == len(listings)
    for query, bound in zip(queries, listings, strict=True):
        assert listing(SimulationQuery.model_validate({**query, "limit": "7"}).request()) == bound
    assert listing(SimulationQuery.model_validate({"sort": "-created_at"}).request()) == listings[0]
    folded = {listing(SimulationQuery.model_validate({"name": name}).request()) for name in ("A", "a")}
    assert len(folded) == 1


@every_value
def test_opened_cursor_equals_the_sealed_position(value: SortValue) -> None:
    cursors, position = Cursors([NEW]), Position(value, uuid7())
    text = cursors.seal(position, OWNER, "list")
    assert text is not None
    opened = cursors.open(text)
    assert opened.position == position
    assert type(opened.position.value) is type(value)
    assert cursors.position(opened, OWNER, "list") == position


def test_missing_cursor_gives_no_position() -> None:
    assert Cursors([NEW]).position(None, OWNER, "list") is None


def test_cursor_is_bound_to_its_owner_and_list() -> None:
    cursors = Cursors([NEW])
    cursor = cursors.open(sealed(cursors))
    for owner, bound in ((new_owner_id(), "list"), (OWNER, "lis"), (OWNER, "list "), (OWNER, "")):
        with pytest.raises(ProblemException):
            cursors.position(cursor, owner, bound)


def test_previous_secret_opens_cursors_but_does_not_seal_them() -> None:
    before, rolled, after = Cursors([OLD]), Cursors([NEW, OLD]), Cursors([NEW])
    assert rolled.open(sealed(before)).position.value == NOW
    assert after.open(sealed(rolled)).position.value == NOW
    assert is_refused(before, sealed(rolled))
    assert is_refused(after, sealed(before))
    assert is_refused(rolled, sealed(Cursors([OTHER])))


def test_modified_cursor_is_refused() -> None:
    cursors = Cursors([NEW])
    text = sealed(cursors)
    for place, letter in enumerate(text):
        for other in {"A", "B", "-", "="} - {letter}:
            assert is_refused(cursors, text[:place] + other + text[place + 1 :])
        assert is_refused(cursors, text[:place])
    for more in ("=", "==", "A", "\n", " ", "\x00", "é", "\ud800"):
        assert is_refused(cursors, text + more)
        assert is_refused(cursors, more + text)
    assert is_refused(cursors, text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4) + "=")


@given(st.binary(max_size=80))
def test_random_bytes_are_refused_as_a_cursor(raw: bytes) -> None:
    assert is_refused(Cursors([NEW]), base64.urlsafe_b64encode(raw).decode().rstrip("="))
    assert is_refused(Cursors([NEW]), raw.decode("latin-1"))


def test_cursor_signature_uses_a_derived_key() -> None:
    content = bytes(8) + uuid7().bytes + b"sa"
    mac = hashlib.blake2b(content, key=NEW.encode(), digest_size=16).digest()
    assert is_refused(Cursors([NEW]), base64.urlsafe_b64encode(mac + content).decode().rstrip("="))


def test_cursor_is_short_and_url_safe() -> None:
    text = sealed(Cursors([NEW]))
    assert text.replace("-", "").replace("_", "").isalnum()
    assert len(text) < 200
    assert len(sealed(Cursors([NEW]), "ΐ".casefold() * 300)) < 8000


@every_value
def test_positions_with_equal_values_differ_by_id(value: SortValue) -> None:
    cursors = Cursors([NEW])
    first, second = (cursors.open(sealed(cursors, value)) for _ in range(2))
    assert first.position.id != second.position.id
    assert first.binding == second.binding


def test_cursor_keeps_the_instant_of_other_time_zones() -> None:
    cursors = Cursors([NEW])
    elsewhere = NOW.astimezone(datetime.fromisoformat("2026-01-01T00:00:00+05:30").tzinfo)
    assert cursors.open(sealed(cursors, elsewhere)).position.value - NOW == timedelta()  # type: ignore[operator]  # -- a moment
