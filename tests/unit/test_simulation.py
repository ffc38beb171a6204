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


def faults_of(refused: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    return [(violation.field, violation.code) for violation in refused.value.violations]


def test_a_new_simulation_holds_what_was_given_and_is_its_first_version() -> None:
    id, owner_id = uuid7(), new_owner_id()
    simulation = entity.create(Simulation, id=id, owner_id=owner_id, now=NOW, **FIELDS)
    assert simulation == Simulation(id=id, owner_id=owner_id, created_at=NOW, updated_at=NOW, version=1, **FIELDS)


def test_a_name_is_trimmed_and_may_fill_its_limit() -> None:
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
def test_a_bad_name_is_refused_in_creation_and_change(name: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        create(name=name)
    assert faults_of(refused) == [("name", code)]
    with pytest.raises(Invalid) as refused:
        update(create(), now=LATER, name=name)
    assert faults_of(refused) == [("name", code)]


def test_it_may_last_a_day_and_does_not_end_before_it_starts() -> None:
    day = date(2026, 1, 5)
    assert create(start_date=day, end_date=day).end_date == day
    with pytest.raises(Invalid) as refused:
        create(start_date=day, end_date=day - timedelta(days=1))
    assert faults_of(refused) == [("end_date", "before_start")]


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        create(name="", start_date=date.max, end_date=date.min)
    assert faults_of(refused) == [("name", "too_short"), ("end_date", "before_start")]
    assert refused.value.code == "validation_failed"


def test_a_change_sets_its_fields_raises_the_version_and_stamps_the_time() -> None:
    before = create()
    after = update(before, now=LATER, name=" Gust ")
    assert (after.name, after.version, after.updated_at, after.created_at) == ("Gust", 2, LATER, NOW)
    assert (after.id, after.owner_id, after.start_date) == (before.id, before.owner_id, before.start_date)
    assert before.name == "Flutter"


@pytest.mark.parametrize("fields", [{}, {"name": "Flutter"}, {"name": " Flutter "}, FIELDS], ids=str)
def test_a_change_of_nothing_is_the_same_simulation(fields: dict[str, Any]) -> None:
    simulation = create()
    assert update(simulation, now=LATER, **fields) is simulation


def test_a_date_that_does_not_fit_the_stored_one_is_refused() -> None:
    simulation = create()
    with pytest.raises(Invalid) as refused:
        update(simulation, now=LATER, start_date=date(2026, 2, 2))
    assert faults_of(refused) == [("end_date", "before_start")]
    moved = update(simulation, now=LATER, start_date=date(2027, 1, 1), end_date=date(2027, 1, 2))
    assert moved.start_date == date(2027, 1, 1)


def test_an_old_name_that_a_new_rule_would_refuse_still_loads() -> None:
    assert SimulationFactory.build(name="a\tb" * 200).name == "a\tb" * 200


def test_control_characters_and_lone_surrogates_are_those_that_unicode_says() -> None:
    for code in range(sys.maxunicode + 1):
        wrong = unicodedata.category(chr(code)) in {"Cc", "Cs"}
        assert has_control_characters(f"a{chr(code)}b") is wrong, hex(code)


def test_no_name_and_no_part_of_one_is_longer_than_its_column_when_it_is_folded() -> None:
    longest = max(len(chr(code).casefold()) for code in range(0x110000))
    assert longest * 300 == 900
