"""Database URLs: roles, and which hosts are remote."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.databases import DatabaseUrl
from config.postgres import SSL_MODES
from config.settings import Settings
from config.verification import other_machine, unverified

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
        pytest.param(configured(API, one_role=True), None, True, id="one-role-for-development"),
        pytest.param(configured(OPERATORS, OPERATORS), None, True, id="one-user"),
        pytest.param(configured(SQLITE), None, True, id="sqlite"),
    ],
)
def test_urls_determine_the_api_role_and_whether_there_is_an_admin(
    settings: Settings, role: str | None, has_operator: bool
) -> None:
    assert (settings.api_role, settings.has_operator) == (role, has_operator)


def test_url_can_be_changed_to_another_database_or_role() -> None:
    url = DatabaseUrl("postgresql://ann:hunter2@db:5433/x?sslmode=require")
    other = url.of("a/b", "c@d", "e:f%")
    assert other.with_password == "postgresql://c%40d:e%3Af%25@db:5433/a%2Fb?sslmode=require"
    assert (other.database, other.user, other.password) == ("a/b", "c@d", "e:f%")
    assert url.of("y").with_password == "postgresql://ann:hunter2@db:5433/y?sslmode=require"


SERVER, HERE = "db.example", "postgresql://ann:hunter2@localhost/x"


@pytest.mark.parametrize(
    ("url", "environment", "place"),
    [
        ("sqlite:///x.sqlite3", {"PGHOST": SERVER}, None),
        (HERE, {"PGHOST": SERVER}, None),
        ("postgresql://ann@LOCALHOST.:5433/x", {}, None),
        ("postgresql://ann@db.localhost/x", {}, "db.localhost"),
        ("postgresql:///x?host=::ffff:10.0.0.7", {}, "::ffff:10.0.0.7"),
        ("postgresql:///x?host=::10.0.0.7", {}, "::10.0.0.7"),
        ("postgresql:///x?host=::1", {}, None),
        ("postgresql:///x", {"PGHOST": "::ffff:8.8.8.8"}, "::ffff:8.8.8.8"),
        ("postgresql://127.0.0.1/x", {}, None),
        ("postgresql://127.8.9.1:1/x", {}, None),
        ("postgresql://ann@[::1]:5432/x", {}, None),
        ("postgresql://ann@[::ffff:127.0.0.1]/x", {}, None),
        ("postgresql://ann@%2Frun%2Fpostgresql/x", {}, None),
        ("postgresql:///x", {}, None),
        ("postgresql:///x?host=/run/postgresql", {}, None),
        ("postgresql://localhost,127.0.0.1,[::1]/x", {}, None),
        ("postgresql:///x", {"PGHOST": "/run/postgresql"}, None),
        ("postgresql:///x", {"PGHOST": "localhost,127.0.0.1"}, None),
        (f"postgresql://ann@{SERVER}/x", {}, SERVER),
        (f"postgresql://ann@{SERVER}:6432/x", {"PGHOST": "localhost"}, SERVER),
        ("postgresql://ann@10.0.0.7/x", {}, "10.0.0.7"),
        ("postgresql://ann@0.0.0.0/x", {}, "0.0.0.0"),
        ("postgresql://ann@127.1/x", {}, "127.1"),
        ("postgresql://ann@localhost.example/x", {}, "localhost.example"),
        ("postgresql://ann@[fd00::7]:5432/x", {}, "fd00::7"),
        ("postgresql://ann@[::ffff:10.0.0.7]/x", {}, "::ffff:10.0.0.7"),
        (f"postgresql://ann@localhost,{SERVER}/x", {}, SERVER),
        ("postgresql://ann@db%2Eexample/x", {}, SERVER),
        (f"postgresql:///x?host={SERVER}", {}, SERVER),
        (f"postgresql:///x?host=localhost,{SERVER}:1", {}, SERVER),
        ("postgresql:///x", {"PGHOST": SERVER}, SERVER),
        ("postgresql:///x", {"PGHOST": f"/run/postgresql,{SERVER}"}, SERVER),
        ("postgresql://ann@/x", {"PGHOST": SERVER}, SERVER),
        # What libpq would read, and neither driver is told:
        (HERE, {"PGHOSTADDR": "10.0.0.7"}, None),
        (HERE, {"PGSERVICE": "main"}, None),
        # A raw @ in the password: the last one counts, for both drivers.
        (f"postgresql://ann:a@{SERVER}@localhost/x", {}, None),
    ],
)
def test_url_is_remote_if_one_of_its_hosts_is(url: str, environment: dict[str, str], place: str | None) -> None:
    assert other_machine(DatabaseUrl(url), environment) == place


@pytest.mark.parametrize(
    ("query", "environment", "message"),
    [
        (
            "",
            {},
            f"{SERVER} is not this machine, and the URL does not say whether to verify its identity. Add",
        ),
        ("?sslmode=", {}, f"{SERVER} is not this machine"),
        ("?application_name=sslmode", {}, f"{SERVER} is not this machine"),
        ("?sslmode=verify-full&sslrootcert=/nowhere", {}, "its sslrootcert cannot be read: /nowhere"),
        ("?sslmode=require", {"PGSSLROOTCERT": "/nowhere"}, "its sslrootcert cannot be read: /nowhere"),
        (f"?sslmode=require&sslcert={__file__}&sslkey=/nowhere", {}, "its sslkey cannot be read: /nowhere"),
        ("?sslmode=require&passfile=/tmp", {}, "its passfile cannot be read: /tmp"),
        ("?sslmode=require&passfile=/nowhere", {}, "its passfile cannot be read: /nowhere"),
        ("", {"PGSSLMODE": "yes"}, "it has no sslmode, and PGSSLMODE is not one of disable, allow,"),
        *((f"?sslrootcert={__file__}&sslmode={mode}", {}, None) for mode in SSL_MODES),
        *((f"?sslrootcert={__file__}", {"PGSSLMODE": mode}, None) for mode in SSL_MODES),
    ],
)
def test_remote_url_requires_a_valid_sslmode(query: str, environment: dict[str, str], message: str | None) -> None:
    why = unverified(DatabaseUrl(f"postgresql://ann:hunter2@{SERVER}/x{query}"), environment)
    assert (why or "").startswith(message or "")
    assert (why is None) is (message is None)
    assert "hunter2" not in (why or "")
    assert "\n" not in (why or "")


@pytest.mark.parametrize(
    ("name", "mode", "owner", "is_open"),
    [
        ("passfile", 0o600, 1000, False),
        ("passfile", 0o400, 0, False),
        ("passfile", 0o640, 0, True),
        ("passfile", 0o604, 1000, True),
        ("sslkey", 0o600, 1000, False),
        ("sslkey", 0o640, 1000, True),
        ("sslkey", 0o640, 0, False),
        ("sslkey", 0o660, 0, True),
        ("sslkey", 0o644, 0, True),
    ],
)
def test_a_secret_file_that_others_can_read_is_refused_as_libpq_does(
    tmp_path: Path, name: str, mode: int, owner: int, *, is_open: bool
) -> None:
    if os.geteuid() and not owner:
        pytest.skip("only root makes files of root")
    file = tmp_path / "secret"
    file.touch()
    file.chmod(mode)
    if not os.geteuid():
        os.chown(file, owner, owner)
    more = f"&sslcert={__file__}" if name == "sslkey" else ""
    why = unverified(DatabaseUrl(f"postgresql://ann@localhost/x?{name}={file}{more}"), {})
    assert why == (f"its {name} is open to other users. Run: chmod 600 {file}" if is_open else None)
