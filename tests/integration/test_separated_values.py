"""The values of a column in many rows, as the one text that PostgreSQL takes apart."""

from datetime import UTC, datetime

import pytest

from adapters.django_orm.sql.many import EncodeText


def test_each_value_is_its_own_text() -> None:
    moment = datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert EncodeText(None)(["a,b", "", None, None, 1, 1, moment]) == (
        "\x1ea,b\x1e\x1e\x1f\x1e\x1f\x1e1\x1e1\x1e2026-01-05T08:00:00+00:00"
    )
    assert EncodeText(str.upper)(["a", "b", "b"]) == "\x1eA\x1eB\x1eB"


@pytest.mark.parametrize("value", ["\x1e", "a\x1eb", "\x1f"], ids=["separator", "within", "null"])
def test_no_value_holds_what_separates_them(value: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        EncodeText(None)(["a", value])
