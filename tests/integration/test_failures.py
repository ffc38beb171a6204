"""Both drivers give the same meaning to an error, whatever classes of their own they have for it."""

from __future__ import annotations

import asyncpg
import psycopg
import pytest
from django.db import utils

from adapters.django_orm.sql import asyncpg_errors, django_errors
from domain.errors import Unavailable

UNAVAILABLE = [
    *("08006", "08P01", "28000", "28P01", "3D000", "40000", "40001", "40003", "40P01", "53100", "53300", "55000"),
    *("55006", "57014", "57P01", "57P03", "58000", "58030", "58P01", "25006", "25P03", "25P04", "3F000", "42501"),
    *("42703", "42704", "42883", "42P01"),
]
OF_OURS = ["0A000", "21000", "22001", "22P02", "23502", "23514", "25P02", "26000", "42601", "42804", "54000", "XX000"]


def meanings(sqlstate: str) -> tuple[Exception | None, Exception | None]:
    """What an error means that asyncpg raises, and Django by psycopg."""
    of_asyncpg = asyncpg.PostgresError.new({"C": sqlstate, "M": "lo que sea", "S": "ERROR"})
    of_psycopg = psycopg.errors.lookup(sqlstate)("lo que sea")
    name = next(each.__name__ for each in type(of_psycopg).__mro__ if hasattr(utils, each.__name__))
    of_django: utils.Error = getattr(utils, name)(str(of_psycopg))
    of_django.__cause__ = of_psycopg
    return asyncpg_errors.meaning_of(of_asyncpg), django_errors.meaning_of(of_django)


@pytest.mark.parametrize("sqlstate", UNAVAILABLE)
def test_database_that_cannot_be_used_is_unavailable_for_both(sqlstate: str) -> None:
    one, other = meanings(sqlstate)
    assert isinstance(one, Unavailable)
    assert type(one) is type(other)
    assert str(one) == str(other)


@pytest.mark.parametrize("sqlstate", OF_OURS)
def test_what_a_bug_of_ours_causes_is_unavailable_for_neither(sqlstate: str) -> None:
    assert meanings(sqlstate) == (None, None)
