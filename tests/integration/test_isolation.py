"""A tenant reaches no other, over the service as it is run; not even where our own owner condition is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.isolation.machine import is_complete, look
from tests.isolation.service import WITHOUT_CONDITION, served
from tests.isolation.tenants import Leaked

pytestmark = pytest.mark.usefixtures("rights_as_in_service")
OWNED = "SELECT oid::regclass::text FROM pg_class WHERE relrowsecurity AND relkind IN ('r', 'p')"


@contextmanager
def without_policies(operator_url: str) -> Iterator[None]:
    """The test database without row-level security, for as long as this lasts."""
    with psycopg.connect(operator_url, autocommit=True) as operator:
        tables = [name for (name,) in operator.execute(OWNED).fetchall()]
        assert "simulation" in tables
        try:
            for table in tables:
                operator.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY".encode())
            yield
        finally:
            for table in tables:
                operator.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY".encode())


def test_three_owners_are_answered_what_is_theirs_and_not_a_byte_of_anothers(pool_url: str, operator_url: str) -> None:
    with served(pool_url, operator_url) as url:
        figures = look(url, operator_url, examples=20, steps=20, start=1)
    is_complete(figures)
    assert figures.steps >= 300


def test_without_our_owner_condition_they_still_are_and_without_the_policies_too_it_leaks(
    pool_url: str, operator_url: str
) -> None:
    with served(pool_url, operator_url, program=WITHOUT_CONDITION) as url:
        figures = look(url, operator_url, examples=10, steps=20, start=2)
        assert figures.steps >= 200
        with without_policies(operator_url), pytest.raises(Leaked):
            look(url, operator_url, examples=10, steps=20, start=2)
