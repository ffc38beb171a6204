"""Tenant isolation of the running service, with and without the owner condition and the RLS policies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.isolation.machine import is_complete, look
from tests.isolation.service import WITHOUT_CONDITION, served
from tests.isolation.tenants import Leaked

pytestmark = pytest.mark.usefixtures("rights_as_in_service")
PROTECTED_TABLES = "SELECT oid::regclass::text FROM pg_class WHERE relrowsecurity AND relkind IN ('r', 'p')"


@contextmanager
def without_policies(operator_url: str) -> Iterator[None]:
    """Disables row-level security in the test database inside the block."""
    with psycopg.connect(operator_url, autocommit=True) as operator:
        tables = [name for (name,) in operator.execute(PROTECTED_TABLES).fetchall()]
        assert "simulation" in tables
        try:
            for table in tables:
                operator.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY".encode())
            yield
        finally:
            for table in tables:
                operator.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY".encode())


def test_three_owners_see_no_data_of_each_other(pool_url: str, operator_url: str) -> None:
    with served(pool_url, operator_url) as url:
        figures = look(url, operator_url, examples=20, steps=20, start=1)
    is_complete(figures)
    assert figures.steps >= 300


def test_without_the_owner_condition_policies_isolate_and_without_both_data_leaks(
    pool_url: str, operator_url: str
) -> None:
    with served(pool_url, operator_url, program=WITHOUT_CONDITION) as url:
        figures = look(url, operator_url, examples=6, steps=20, start=2)
        assert figures.steps >= 100
        with without_policies(operator_url), pytest.raises(Leaked):
            look(url, operator_url, examples=10, steps=20, start=2)
