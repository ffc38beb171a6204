"""Owners and simulations that look like somebody's, as many as are asked for."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import product

from uuid_utils.compat import uuid7

from domain.access.owner import Owner
from domain.repository import OwnerId
from domain.simulations.simulation import Simulation

SUBJECTS = ("Wing", "Fuselage", "Rotor blade", "Bridge deck", "Hull", "Heat exchanger", "Gearbox", "Battery pack")
STUDIES = ("flutter", "fatigue", "modal analysis", "drag", "crash", "thermal load", "buckling")
STUDIED = [f"{subject} {study}" for study, subject in product(STUDIES, SUBJECTS)]
HISTORY = timedelta(days=365)


def fake_owners(count: int, now: datetime, batch: str) -> list[Owner]:
    """New owners; ``batch`` tells their names from those of other runs."""
    return [
        Owner.create(id=OwnerId(uuid7()), now=now, name=f"Seeded {batch}-{number:04}") for number in range(1, count + 1)
    ]


def fake_simulations(owners: list[Owner], count: int, now: datetime) -> Iterator[Simulation]:
    """Simulations made one after the other in the time before ``now``, by each owner in turn."""
    chance = random.Random(count)  # noqa: S311 -- invented data, the same for the same count
    step = HISTORY / max(count, 1)
    for number in range(count):
        at = now - HISTORY + number * step
        turn, place = divmod(number, len(owners))
        start = (at + timedelta(days=int(60 * chance.random()))).date()
        yield Simulation(
            id=uuid7(nanoseconds=int(at.timestamp() * 1e9)),
            owner_id=owners[place].id,
            created_at=at,
            updated_at=at,
            name=f"{STUDIED[turn % len(STUDIED)]}, run {turn // len(STUDIED) + 1}",
            start_date=start,
            end_date=start + timedelta(days=int(90 * chance.random())),
        )
