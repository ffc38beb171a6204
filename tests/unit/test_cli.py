"""Durations and help on the command line, and fake data for seeding."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from app.cli.commands import commands
from app.cli.durations import parse_duration
from app.cli.fake_data.entities import fake_entities, fake_owners
from domain.entity import violations_of
from domain.simulations.simulation import Simulation
from tests.specimens import Material, Specimen, State

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "length"),
    [("90d", timedelta(days=90)), ("12h", timedelta(hours=12)), ("30m", timedelta(minutes=30)), (" 1D ", timedelta(1))],
)
def test_duration_is_a_number_and_a_unit(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length


@pytest.mark.parametrize("text", ["", "90", "d", "-1d", "1.5h", "90 d", "1w", "1d2h", "9999999d", "٩d"])
def test_malformed_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="90d, 12h or 30m"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0d", "00h"])
def test_zero_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be more than 0"):
        parse_duration(text)


def test_seeded_owners_of_two_batches_have_different_names() -> None:
    first, second = ({owner.name for owner in fake_owners(20, NOW, batch)} for batch in ("aaaaaa", "bbbbbb"))
    assert len(first | second) == 40


def test_seeded_simulations_are_distributed_evenly_and_sorted_by_id() -> None:
    owners = fake_owners(3, NOW, "aaaaaa")
    simulations = list(fake_entities(Simulation, owners, 300, NOW))
    for owner in owners:
        assert sum(simulation.owner_id == owner.id for simulation in simulations) == 100
    assert simulations == sorted(simulations, key=lambda simulation: (simulation.created_at, simulation.id))
    assert simulations == sorted(simulations, key=lambda simulation: simulation.id)
    assert all(NOW - timedelta(days=366) < simulation.created_at < NOW for simulation in simulations)
    assert len({(simulation.owner_id, simulation.name) for simulation in simulations}) == 300


def test_seeded_id_contains_the_creation_time() -> None:
    simulation = next(fake_entities(Simulation, fake_owners(1, NOW, "aaaaaa"), 1, NOW))
    assert simulation.id.version == 7
    assert simulation.id.int >> 80 == int(simulation.created_at.timestamp() * 1000)


def test_seeding_zero_simulations_is_possible() -> None:
    assert list(fake_entities(Simulation, fake_owners(1, NOW, "aaaaaa"), 0, NOW)) == []


def test_seeded_entities_are_valid_for_every_kind_of_field() -> None:
    owners = fake_owners(2, NOW, "aaaaaa")
    materials = list(fake_entities(Material, owners, 10, NOW))
    ids = {owner.id: [material.id for material in materials if material.owner_id == owner.id] for owner in owners}
    specimens = list(fake_entities(Specimen, owners, 200, NOW, {"material": ids}))
    for specimen in specimens:
        assert violations_of(specimen) == []
        assert specimen.material_id in ids[specimen.owner_id]
    assert {specimen.state for specimen in specimens} == set(State)
    for unique in ("name", "code"):
        taken = [(one.owner_id, getattr(one, unique)) for one in specimens if getattr(one, unique) is not None]
        assert len(set(taken)) == len(taken) > 50


def test_seeding_without_referred_entities_is_refused() -> None:
    with pytest.raises(ValueError, match="The owner has nothing that material_id could refer to"):
        next(fake_entities(Specimen, fake_owners(1, NOW, "aaaaaa"), 1, NOW))


def test_help_is_cut_nowhere_in_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", 80)
    for path in _paths(typer.main.get_command(commands)):
        answer = CliRunner().invoke(commands, [*path, "--help"])
        assert answer.exit_code == 0, answer.output
        assert "…" not in answer.output, answer.output


def _paths(command: Any) -> Iterator[tuple[str, ...]]:
    """The words of every group and command that has help of its own."""
    if command.context_settings.get("help_option_names") != []:
        yield ()
    for name, inner in getattr(command, "commands", {}).items():
        yield from ((name, *path) for path in _paths(inner))
