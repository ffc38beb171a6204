"""The ids of revisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122

from hypothesis import given
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from domain.revisions import Revision, is_of_moment, revision_id
from tests.contracts.revisions import context
from tests.factories import CONTEXT, SimulationFactory

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2500, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- the strategy adds the zone


def test_a_revision_has_an_id_of_the_time_of_its_write() -> None:
    simulation = SimulationFactory.build()
    later = context(at=simulation.created_at + timedelta(days=400, milliseconds=7))
    id = Revision.of(None, simulation, later).id
    assert (id.version, id.variant) == (7, RFC_4122)
    assert id.int >> 80 == int(later.at.timestamp() * 1000)


@given(MOMENTS, MOMENTS)
def test_ids_are_in_the_order_of_their_moments(one: datetime, other: datetime) -> None:
    ids = {at: revision_id(uuid7(), at) for at in (one, other)}
    assert sorted(ids, key=lambda at: ids[at]) == sorted(ids)
    for at, id in ids.items():
        assert (id.version, id.variant) == (7, RFC_4122)
        for moment in (one, other):
            assert is_of_moment(id, moment) is (at == moment)


def test_ids_of_one_moment_are_in_the_order_in_which_they_are_made() -> None:
    simulations = SimulationFactory.build_batch(1000)
    ids = [Revision.of(None, each, CONTEXT).id for each in (*simulations, *simulations)]
    assert ids == sorted(set(ids))
