"""Which PostgreSQL role is whose, told from the URLs alone."""

import pytest
from pydantic import SecretStr

from config.databases import DatabaseUrl
from config.settings import Settings

API, OPERATORS = DatabaseUrl("postgresql://api:a@db/x"), DatabaseUrl("postgresql://operators:b@db/x")
SQLITE = DatabaseUrl("sqlite:///x.sqlite3")


def configured(url: DatabaseUrl, operator_url: DatabaseUrl | None = None, *, one_role: bool = False) -> Settings:
    return Settings(
        database_url=url, operator_database_url=operator_url, one_role=one_role, secret_key=SecretStr("x" * 32)
    )


@pytest.mark.parametrize(
    ("settings", "role", "has_operator"),
    [
        pytest.param(configured(API, OPERATORS), "api", True, id="two-roles"),
        pytest.param(configured(API), None, False, id="replica"),
        pytest.param(configured(API, one_role=True), None, True, id="to-develop"),
        pytest.param(configured(OPERATORS, OPERATORS), None, True, id="one-user"),
        pytest.param(configured(SQLITE), None, True, id="sqlite"),
    ],
)
def test_the_urls_say_which_role_is_the_apis_and_whether_there_is_an_admin(
    settings: Settings, role: str | None, has_operator: bool
) -> None:
    assert (settings.api_role, settings.has_operator) == (role, has_operator)


def test_a_url_leads_to_other_databases_and_roles_whatever_their_names() -> None:
    url = DatabaseUrl("postgresql://ann:hunter2@db:5433/x?sslmode=require")
    other = url.of("a/b", "c@d", "e:f%")
    assert other.with_password == "postgresql://c%40d:e%3Af%25@db:5433/a%2Fb?sslmode=require"
    assert (other.database, other.user, other.password) == ("a/b", "c@d", "e:f%")
    assert url.of("y").with_password == "postgresql://ann:hunter2@db:5433/y?sslmode=require"
