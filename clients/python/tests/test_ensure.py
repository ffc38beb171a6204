"""A simulation is found by its name or made, once, however many ask."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

from clients.python.tests.conftest import Service

import goatfish


def test_it_is_found_by_its_exact_name(client: goatfish.Client, unique: str) -> None:
    assert client.simulations.find(unique) is None
    older, newer, _, _ = client.simulations.create_many(
        [
            {"name": name, "start_date": "2026-01-05", "end_date": "2026-01-05"}
            for name in (unique, unique, unique + " 2", unique.upper())
        ]
    )
    assert older != newer
    assert client.simulations.find(f" {unique} ") == newer
    assert client.simulations.ensure(unique) == newer
    assert client.simulations.find("") is None


def test_it_is_made_where_there_is_none(client: goatfish.Client, unique: str) -> None:
    before = datetime.now(timezone.utc).date()
    made = client.simulations.ensure(unique, description="Flutter", labels={"project": "wing"})
    assert before <= made.start_date == made.end_date <= datetime.now(timezone.utc).date()
    assert (made.description, made.labels) == ("Flutter", {"project": "wing"})
    assert client.simulations.ensure(unique, end_date="2026-01-06") == made


def test_it_is_made_anew_after_it_was_deleted_or_renamed(client: goatfish.Client, unique: str) -> None:
    first = client.simulations.ensure(unique)
    client.simulations.delete(first)
    second = client.simulations.ensure(unique)
    assert second.id != first.id
    client.simulations.update(second, name=f"{unique} old")
    third = client.simulations.ensure(unique)
    assert (third.name, third.id not in {first.id, second.id}) == (unique, True)
    client.simulations.delete(third)
    assert client.simulations.ensure(unique, description="with other members").name == unique


def test_many_at_once_make_one(service: Service, unique: str) -> None:
    def ensured(number: int) -> str:
        with service.client() as client:
            return client.simulations.ensure(unique, description=f"{number % 2}").id

    with ThreadPoolExecutor(12) as threads:
        assert len(set(threads.map(ensured, range(24)))) == 1
