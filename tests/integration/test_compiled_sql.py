"""docs/sql holds the compiled SQL statements, so that reviewers see changes of them."""

from pathlib import Path

from tests.compiled_sql.statements import snapshot
from tests.integration.conftest import VENDOR


def test_the_committed_sql_is_up_to_date() -> None:
    kept = Path(__file__).parents[2] / "docs" / "sql" / f"{VENDOR}.sql"
    assert snapshot() == kept.read_text(), "stale: ./run sql"
