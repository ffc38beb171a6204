"""Whether PostgreSQL allows as many connections as the service may open."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from app.cli.connection_counts import on_primary
from app.cli.findings import Severity
from config.databases import DatabaseUrl
from config.settings import Settings

SERVICE, OPERATORS = (DatabaseUrl(f"postgresql://{role}@127.0.0.1/goatfish") for role in ("service", "operators"))


@pytest.mark.parametrize(
    ("allowed", "severity", "words"),
    [
        (42, Severity.OK, "Enough database connections: 2 x (10 + 6 for operators) for workers and 10 for each"),
        (41, Severity.WARNING, "Too few database connections where goatfish deliver runs: 2 x (10 + 6 for operators)"),
        (32, Severity.WARNING, "of the 32 that PostgreSQL allows."),
        (31, Severity.ERROR, "Too many database connections: 2 x (10 + 6 for operators) for workers of the 31"),
    ],
)
def test_workers_operators_and_a_deliverer_are_counted(allowed: int, severity: Severity, words: str) -> None:
    settings = Settings(
        secret_key=SecretStr("x" * 32),
        database_url=SERVICE,
        operator_database_url=OPERATORS,
        workers=2,
        pool_size=10,
        admin_requests=4,
    )
    found, text = on_primary(settings, allowed)
    assert found is severity
    assert words in text


def test_the_admin_is_not_counted_where_it_is_not_served() -> None:
    settings = Settings(secret_key=SecretStr("x" * 32), database_url=SERVICE, workers=3, pool_size=10)
    assert on_primary(settings, 40)[0] is Severity.OK
    assert on_primary(settings, 29)[0] is Severity.ERROR
