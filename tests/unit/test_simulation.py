"""The rules of a simulation."""

import sys
import unicodedata
from datetime import date, timedelta
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from domain import entity
from domain.entity import update
from domain.errors import Invalid
from domain.simulations.simulation import Simulation
from domain.validation import has_control_characters
from tests.factories import NOW, SimulationFactory, new_owner_id

LATER = NOW + timedelta(minutes=1)
FIELDS: dict[str, Any] = {"name": "Flutter", "start_date": date(2026, 1, 5), "end_date": date(2026, 2, 1)}


def create(**fields: Any) -> Simulation:
    return entity.create(Simulation, id=uuid7(), owner_id=new_owner_id(), now=NOW, **FIELDS | fields)


def violations_in(refused: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    return [(violation.field, violation.code) for violation in refused.value.violations]


def test_new_simulation_has_the_given_fields_and_version_1() -> None:
    id, owner_id = uuid7(), new_owner_id()
    simulation = entity.create(Simulation, id=id, owner_id=owner_id, now=NOW, **FIELDS)
    assert simulation == Simulation(id=id, owner_id=owner_id, created_at=NOW, updated_at=NOW, version=1, **FIELDS)


def test_name_is_trimmed_and_can_have_the_maximum_length() -> None:
    assert create(name="\u2003 Flutter \u00a0").name == "Flutter"
    assert create(name=f" {'🐐' * 300} ").name == "🐐" * 300


@pytest.mark.parametrize(
    ("name", "code"),
    [
        pytest.param("", "too_short", id="empty"),
        pytest.param(" \u2003", "too_short", id="blank"),
        pytest.param("x" * 301, "too_long", id="long"),
        pytest.param("a\x00b", "control_characters", id="nul"),
        pytest.param("a\nb", "control_characters", id="newline"),
        pytest.param("a\x7f", "control_characters", id="delete"),
        pytest.param("a\x85", "control_characters", id="next-line"),
        pytest.param("\ud800", "control_characters", id="surrogate"),
    ],
)
def test_invalid_name_is_refused_in_creation_and_change(name: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        create(name=name)
    assert violations_in(refused) == [("name", code)]
    with pytest.raises(Invalid) as refused:
        update(create(), now=LATER, name=name)
    assert violations_in(refused) == [("name", code)]


def test_simulation_can_last_one_day_but_not_end_before_it_starts() -> None:
    day = date(2026, 1, 5)
    assert create(start_date=day, end_date=day).end_date == day
    with pytest.raises(Invalid) as refused:
        create(start_date=day, end_date=day - timedelta(days=1))
    assert violations_in(refused) == [("end_date", "before_start")]


def test_all_violations_are_reported_together() -> None:
    with pytest.raises(Invalid) as refused:
        create(name="", start_date=date.max, end_date=date.min)
    assert violations_in(refused) == [("name", "too_short"), ("end_date", "before_start")]
    assert refused.value.code == "validation_failed"


def test_change_sets_fields_version_and_update_time() -> None:
    before = create()
    after = update(before, now=LATER, name=" Gust ")
    assert (after.name, after.version, after.updated_at, after.created_at) == ("Gust", 2, LATER, NOW)
    assert (after.id, after.owner_id, after.start_date) == (before.id, before.owner_id, before.start_date)
    assert before.name == "Flutter"


@pytest.mark.parametrize("fields", [{}, {"name": "Flutter"}, {"name": " Flutter "}, FIELDS], ids=str)
def test_change_without_effect_returns_the_same_simulation(fields: dict[str, Any]) -> None:
    simulation = create()
    assert update(simulation, now=LATER, **fields) is simulation


def test_date_that_contradicts_the_stored_one_is_refused() -> None:
    simulation = create()
    with pytest.raises(Invalid) as refused:
        update(simulation, now=LATER, start_date=date(2026, 2, 2))
    assert violations_in(refused) == [("end_date", "before_start")]
    moved = update(simulation, now=LATER, start_date=date(2027, 1, 1), end_date=date(2027, 1, 2))
    assert moved.start_date == date(2027, 1, 1)


def test_stored_name_that_breaks_a_rule_still_loads() -> None:
    assert SimulationFactory.build(name="a\tb" * 200).name == "a\tb" * 200


def test_control_characters_are_the_unicode_categories_cc_and_cs() -> None:
    for code in range(sys.maxunicode + 1):
        wrong = unicodedata.category(chr(code)) in {"Cc", "Cs"}
        assert has_control_characters(f"a{chr(code)}b") is wrong, hex(code)


def test_longest_case_folded_name_has_900_characters() -> None:
    longest = max(len(chr(code).casefold()) for code in range(0x110000))
    assert longest * 300 == 900
