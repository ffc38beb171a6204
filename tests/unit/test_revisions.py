"""The ids of revisions."""

from __future__ import annotations

from dataclasses import replace
from uuid import RFC_4122, UUID

from domain.revisions import Revision
from tests.factories import CONTEXT, SimulationFactory


def test_revision_id_is_a_uuid7_of_the_creation_time() -> None:
    simulation = SimulationFactory.build()
    id = Revision.of(None, simulation, CONTEXT).id
    assert (id.version, id.variant) == (7, RFC_4122)
    assert id.int >> 80 == int(simulation.created_at.timestamp() * 1000)
    assert Revision.of(None, simulation, CONTEXT).id == id


def test_revision_ids_of_simultaneous_entities_are_distinct() -> None:
    first = SimulationFactory.build()
    simulations = [first, replace(first, id=UUID(int=first.id.int + 1)), replace(first, id=UUID(int=1))]
    versions = [replace(each, version=version) for each in simulations for version in range(1, 10_001)]
    assert len({Revision.of(None, each, CONTEXT).id for each in versions}) == len(versions)
