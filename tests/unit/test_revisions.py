"""The action of a revision."""

from __future__ import annotations

from dataclasses import replace
from uuid import RFC_4122, UUID

from domain.revisions import Revision
from tests.factories import CONTEXT, SimulationFactory


def test_its_id_is_a_uuid_of_the_moment_when_the_entity_was_made() -> None:
    simulation = SimulationFactory.build()
    id = Revision.of(None, simulation, CONTEXT).id
    assert (id.version, id.variant) == (7, RFC_4122)
    assert id.int >> 80 == int(simulation.created_at.timestamp() * 1000)
    assert Revision.of(None, simulation, CONTEXT).id == id


def test_no_version_of_what_was_made_at_one_moment_has_the_id_of_another() -> None:
    first = SimulationFactory.build()
    simulations = [first, replace(first, id=UUID(int=first.id.int + 1)), replace(first, id=UUID(int=1))]
    versions = [replace(each, version=version) for each in simulations for version in range(1, 10_001)]
    assert len({Revision.of(None, each, CONTEXT).id for each in versions}) == len(versions)
