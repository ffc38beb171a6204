"""docs/sql holds the statements that are compiled, so that a review sees what a change does to them."""

from pathlib import Path

from tests.compiled_sql.statements import snapshot
from tests.integration.conftest import VENDOR


def test_the_statements_are_those_in_the_repository() -> None:
    kept = Path(__file__).parents[2] / "docs" / "sql" / f"{VENDOR}.sql"
    assert snapshot() == kept.read_text(), "./run sql"
