"""Settings, and the errors of invalid ones."""

import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config import loading
from config.databases import DatabaseUrl, django_database
from config.ignored_settings import unknown_variables
from config.secret_files import SECRET_MIN, load_or_create_secret
from config.setting_errors import ConfigurationError
from config.settings import Settings

SECRET = "a secret key that serves the tests alone"
POSTGRES = "postgresql://ann:s%40cret@db.example:6432/goat%20fish?sslmode=require&application_name=goatfish"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working directory, and an environment without GOATFISH_* variables."""
    for name in list(os.environ):
        if name.upper().startswith("GOATFISH_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    loading.load.cache_clear()
    yield tmp_path
    loading.load.cache_clear()


def error_lines(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    """The lines of the error that load() raises for these variables."""
    for name, value in variables.items():
        monkeypatch.setenv(f"GOATFISH_{name}", value)
    with pytest.raises(ConfigurationError) as caught:
        loading.load()
    return caught.value.lines


def test_settings_load_without_any_variable(elsewhere: Path) -> None:
    loaded = loading.load()

    assert loaded.database_url.path == elsewhere / "var" / "goatfish.sqlite3"
    assert loaded.operator_url == loaded.database_url
    assert loaded.revisions_kept is None
    assert loaded.allowed_hosts == ("localhost", "127.0.0.1", "[::1]")
    assert (loaded.pool_size, loaded.pool_timeout) == (10, 5.0)
    assert (loaded.statement_timeout, loaded.list_timeout) == (10.0, 2.0)


def test_settings_are_read_once() -> None:
    assert loading.load() is loading.load()


def test_environment_variables_override_the_file(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / ".env").write_text(
        "GOATFISH_POOL_SIZE=3\nGOATFISH_LOG_LEVEL=debug\nGOATFISH_LOG_FORMAT=JSON\nOTHER=1\n"
    )
    monkeypatch.setenv("GOATFISH_POOL_SIZE", "4")

    assert loading.load().pool_size == 4
    assert (loading.load().log_level, loading.load().log_format) == ("DEBUG", "json")


def test_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOATFISH_OPERATOR_DATABASE_URL", "")

    assert loading.load().operator_database_url is None


def test_operators_can_have_their_own_database_url() -> None:
    apart = Settings(
        database_url=DatabaseUrl("postgresql://service@db/goatfish"),
        operator_database_url=DatabaseUrl("postgresql://operator@db/goatfish"),
        secret_key=SECRET,
    )

    assert str(apart.operator_url) == "postgresql://operator@db/goatfish"


@pytest.mark.parametrize(
    ("url", "operators", "one_role", "served"),
    [
        ("sqlite:///var/goatfish.sqlite3", None, False, True),
        ("postgresql://service@db/goatfish", None, False, False),
        ("postgresql://service@db/goatfish", "postgresql://operator@db/goatfish", False, True),
        ("postgresql://service@db/goatfish", None, True, True),
    ],
)
def test_admin_requires_a_database_url_for_operators(
    url: str, operators: str | None, one_role: bool, served: bool
) -> None:
    operator_url = DatabaseUrl(operators) if operators else None
    given = Settings(
        database_url=DatabaseUrl(url), operator_database_url=operator_url, one_role=one_role, secret_key=SECRET
    )

    assert given.has_operator is served


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ("*", ("*",)),
        ("a.example, b.example,", ("a.example", "b.example")),
        ("[::1],localhost", ("[::1]", "localhost")),
        ('["a.example", "[::1]"]', ("a.example", "[::1]")),
        ("[2001:db8::1],MyHost.local", ("[2001:db8::1]", "myhost.local")),
    ],
)
def test_hosts_can_be_comma_separated_or_json(
    given: str, hosts: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOATFISH_ALLOWED_HOSTS", given)

    assert loading.load().allowed_hosts == hosts


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("POOL_SIZE", "0", "must be at least 1, got '0'"),
        ("POOL_SIZE", "1001", "must be at most 1000, got '1001'"),
        ("POOL_SIZE", "ten", "must be a whole number, got 'ten'"),
        ("POOL_TIMEOUT", "0", "must be more than 0, got '0'"),
        ("REVISIONS_KEPT", "0", "must be at least 1, got '0'"),
        ("REVISIONS_KEPT", "36501", "must be at most 36500, got '36501'"),
        ("REVISIONS_KEPT", "30d", "must be a whole number, got '30d'"),
        ("REVISIONS_KEPT", "1.5", "must be a whole number, got '1.5'"),
        ("STATEMENT_TIMEOUT", "soon", "must be a number, got 'soon'"),
        ("BODIES_MAX", "3", "must be at least 4, got '3'"),
        ("REQUEST_TIMEOUT", "0", "must be more than 0, got '0'"),
        (
            "REQUEST_TIMEOUT",
            "15",
            "must be more than the sum of GOATFISH_POOL_TIMEOUT and GOATFISH_STATEMENT_TIMEOUT, which is 15, got 15",
        ),
        ("LIST_TIMEOUT", "0", "must be more than 0, got '0'"),
        ("LIST_TIMEOUT", "inf", "must be at most 3600, got 'inf'"),
        ("LIST_TIMEOUT", "11", "must be at most GOATFISH_STATEMENT_TIMEOUT, which is 10, got 11"),
        ("ALLOWED_HOSTS", " , ", "must name at least one host"),
        ("ALLOWED_HOSTS", '["a"', "must be separated by commas, or a JSON list"),
        (
            "ALLOWED_HOSTS",
            "a.example, b.example:80",
            "must be host names, got 'b.example:80' (a port): write b.example",
        ),
        (
            "ALLOWED_HOSTS",
            "::1,a_b",
            "must be host names, got '::1' (an IPv6 address without brackets): write [::1];"
            " got 'a_b' (host names have no underscores)",
        ),
        (
            "PUBLIC_URL",
            "sim.example.com",
            "must be like https://sim.example.com:8443 without a path,"
            " got 'sim.example.com' (no scheme): write https://sim.example.com",
        ),
        (
            "METRICS_HOST",
            "http://[::1]:91",
            "must be one address, got 'http://[::1]:91' (a scheme, a port): write [::1]",
        ),
        ("METRICS_HOST", "10.0.0.300", "must be one address, got '10.0.0.300' (no IPv4 address)"),
        ("METRICS_HOST", "*", "must be one address, got '*': for all, write 0.0.0.0, or :: for IPv6 too"),
        ("LOG_LEVEL", "loud", "must be one of 'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL', got 'LOUD'"),
        ("HTTPS", "perhaps", "must be true or false, got 'perhaps'"),
        ("CONNECTIONS_MAX", "1000001", "must be at most 1000000, got '1000001'"),
        ("RATE_LIMIT", "1" * 400, f"must be at most 1000000000, got '{'1' * 400}'"),
        ("FAILURE_LIMIT", "1" * 400, f"must be at most 1000000000, got '{'1' * 400}'"),
        ("SECRET_KEY", "hunter2", "must be at least 32 characters, got 7"),
        ("SECRET_KEY", "hunter2\udcff" * 5, "must be UTF-8"),
        ("SECRET_KEY_PREVIOUS", "hunter2\udcff" * 5, "must be UTF-8"),
        ("DATABASE_URL", "mysql://ann:hunter2@db/x", "must begin with postgresql://, postgres:// or sqlite:///"),
        (
            "DATABASE_URL",
            "postgresql://ann:hunter2@db:port/x",
            "is not a valid URL: a port is a number from 1 to 65535",
        ),
        ("DATABASE_URL", "postgresql://ann:hunter2@[::1/x", "is not a valid URL"),
        ("DATABASE_URL", "postgresql://ann:hunter2@db", "must name a database: postgresql://user:password@host/name"),
        ("DATABASE_URL", "sqlite:///:memory:", "must name a file: SQLite in memory cannot be shared by connections"),
        (
            "DATABASE_URL",
            "sqlite:///~/x",
            "must name a file without ~, which only shells replace: sqlite:////absolute/path",
        ),
        ("DATABASE_URL", "sqlite:///x%00y", "must name a file without %00, which no name can contain"),
        ("DATABASE_URL", "sqlite://x", "must name a file: sqlite:///relative/path or sqlite:////absolute/path"),
        ("DATABASE_URL", POSTGRES, None),
    ],
)
def test_invalid_value_is_reported_in_one_line_with_its_variable(
    name: str, value: str, message: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if message is None:
        name, message = "SECRET_KEY", "is required with PostgreSQL: at least 32 random characters"
        lines = error_lines(monkeypatch, DATABASE_URL=value)
    else:
        lines = error_lines(monkeypatch, **{name: value})

    assert lines == [f"GOATFISH_{name}: {message}"]
    assert "hunter2" not in "".join(lines)


@pytest.mark.parametrize("given", ["127.0.0.1", "::", "[::]", "fe80::1%eth0", "localhost"])
def test_metrics_are_served_on_an_address_or_a_name(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOATFISH_METRICS_HOST", given)

    assert loading.load().metrics_host == given.strip("[]")


def test_all_invalid_values_are_reported_together(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = error_lines(monkeypatch, DATABASE_URL="nonsense", POOL_SIZE="-1")

    assert [line.partition(":")[0] for line in lines] == ["GOATFISH_DATABASE_URL", "GOATFISH_POOL_SIZE"]


def test_misspelt_variable_is_reported(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / ".env").write_text("GOATFISH_SECRETKEY=x\nGOATFISH_LOG_LEVEL=INFO\n")
    monkeypatch.setenv("GOATFISH_POOLSIZE", "4")

    assert unknown_variables() == ["GOATFISH_POOLSIZE", "GOATFISH_SECRETKEY"]


def test_repr_contains_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOATFISH_DATABASE_URL", POSTGRES)
    monkeypatch.setenv("GOATFISH_SECRET_KEY", SECRET)

    shown = f"{loading.load()!r} {loading.load()}"

    assert SECRET not in shown
    assert "s%40cret" not in shown
    assert "postgresql://ann:***@db.example:6432/goat%20fish" in shown


def test_a_generated_secret_is_stored_only_by_a_service(elsewhere: Path) -> None:
    assert len(loading.load().secret_key.get_secret_value()) >= SECRET_MIN
    assert list(elsewhere.iterdir()) == []
    first = loading.load_for_service().secret_key.get_secret_value()
    loading.load.cache_clear()

    kept = elsewhere / "var" / "secret_key"
    assert loading.load().secret_key.get_secret_value() == first == kept.read_text().strip()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path.name for path in kept.parent.iterdir()] == ["secret_key"]


def test_workers_that_start_together_share_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as workers:
        secrets = list(workers.map(load_or_create_secret, [tmp_path / "new" / "secret_key"] * 32))

    assert len(set(secrets)) == 1


def test_broken_secret_file_is_reported(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / "var").mkdir()
    (elsewhere / "var" / "secret_key").write_text("short\n")

    (line,) = error_lines(monkeypatch)

    assert line.startswith("GOATFISH_SECRET_KEY: is too short in ")


def test_unreadable_env_file_is_reported(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / ".env").write_bytes(b"GOATFISH_LOG_LEVEL=\xff\n")

    (line,) = error_lines(monkeypatch)

    assert line.startswith(".env cannot be read: ")
    with pytest.raises(ConfigurationError) as caught:
        unknown_variables()
    assert caught.value.lines == [line]


def test_secret_that_cannot_be_stored_is_reported(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / "file").touch()

    monkeypatch.setenv("GOATFISH_DATABASE_URL", "sqlite:///file/goatfish.sqlite3")
    with pytest.raises(ConfigurationError) as caught:
        loading.load_for_service()

    (line,) = caught.value.lines
    assert line.startswith("GOATFISH_SECRET_KEY: is not set and cannot be stored beside the database: ")
    assert str(elsewhere / "file") in line


def test_django_gets_a_postgresql_url_decoded() -> None:
    entry = django_database(DatabaseUrl(POSTGRES))
    login = {name: entry[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    assert login == {"NAME": "goat fish", "USER": "ann", "PASSWORD": "s@cret", "HOST": "db.example", "PORT": "6432"}
    options = {name: entry["OPTIONS"][name] for name in ("connect_timeout", "sslmode", "application_name")}
    assert options == {"connect_timeout": "5", "sslmode": "require", "application_name": "goatfish"}


def test_django_gets_a_sqlite_file(elsewhere: Path) -> None:
    entry = django_database(DatabaseUrl("sqlite:///some%20where/g.sqlite3"))

    assert entry["NAME"] == str(elsewhere / "some where" / "g.sqlite3")
    assert list(elsewhere.iterdir()) == []
    assert entry["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert DatabaseUrl("sqlite:////srv/g.sqlite3").path == Path("/srv/g.sqlite3")


def test_sqlite_answers_once_a_write_is_on_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    url = loading.load().database_url
    assert "synchronous=FULL" in django_database(url, loading.load().sqlite_synchronous)["OPTIONS"]["init_command"]
    assert "synchronous=FULL" in django_database(url)["OPTIONS"]["init_command"]

    monkeypatch.setenv("GOATFISH_SQLITE_SYNCHRONOUS", "Normal")
    loading.load.cache_clear()
    entry = django_database(url, loading.load().sqlite_synchronous)
    assert "synchronous=NORMAL" in entry["OPTIONS"]["init_command"]


def test_sqlite_is_never_told_not_to_write_to_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    assert error_lines(monkeypatch, SQLITE_SYNCHRONOUS="off") == [
        "GOATFISH_SQLITE_SYNCHRONOUS: must be one of 'full' or 'normal', got 'off'"
    ]


def test_worker_gets_its_share_of_each_limit() -> None:
    parts = Settings(rate_limit=6000, failure_limit=60, workers=4)

    assert (parts.worker_rate_limit, parts.worker_failure_limit) == (1500, 15)


@pytest.mark.parametrize(
    ("given", "origins"),
    [
        ("", ()),
        ("*", ("*",)),
        ("https://app.example", ("https://app.example",)),
        ("http://localhost:5173, https://[::1]:8443,", ("http://localhost:5173", "https://[::1]:8443")),
        ('["https://a.example", "https://b.example"]', ("https://a.example", "https://b.example")),
    ],
)
def test_origins_are_separated_by_commas(given: str, origins: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOATFISH_CORS_ORIGINS", given)

    assert loading.load().cors_origins == origins


@pytest.mark.parametrize(
    "given", ["app.example", "https://app.example/", "https://App.example", "null", "https://*", "https://a https://b"]
)
def test_invalid_origin_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = error_lines(monkeypatch, CORS_ORIGINS=given)

    assert line.startswith(
        "GOATFISH_CORS_ORIGINS: must be origins separated by commas, like https://app.example without a path"
    )


@pytest.mark.parametrize(
    ("given", "url", "netloc", "https"),
    [
        ("https://Sim.example.com:8443/", "https://sim.example.com:8443", "sim.example.com:8443", True),
        ("https://sim.example.com:443", "https://sim.example.com", "sim.example.com", True),
        ("http://[::1]:8000", "http://[::1]:8000", "[::1]:8000", False),
    ],
)
def test_public_url_gives_host_and_scheme(
    given: str, url: str, netloc: str, https: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOATFISH_PUBLIC_URL", given)
    monkeypatch.setenv("GOATFISH_ALLOWED_HOSTS", "10.0.0.7")

    loaded = loading.load()

    assert (loaded.public_url, loaded.public_netloc, loaded.https_only) == (url, netloc, https)
    assert loaded.allowed_hosts == ("10.0.0.7", netloc.rpartition(":")[0] if netloc.count(":") else netloc)


@pytest.mark.parametrize(("url", "https"), [("http://sim.example.com", "true"), ("https://sim.example.com", "false")])
def test_https_that_contradicts_the_public_url_is_refused(
    url: str, https: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = error_lines(monkeypatch, PUBLIC_URL=url, HTTPS=https)

    assert lines == [f"GOATFISH_HTTPS: contradicts GOATFISH_PUBLIC_URL, which is {url}: leave it out"]


def test_a_short_statement_timeout_needs_no_shorter_list_timeout() -> None:
    assert Settings(statement_timeout=1).list_timeout == 2


@pytest.mark.parametrize(
    ("service", "operators", "role"),
    [
        ("postgresql://api@h/x", "postgresql://operator@h/x", "api"),
        ("postgresql://h/x", "postgresql://operator@h/x", "pat"),
        ("postgresql://api@h/x", "postgresql://h/x", "api"),
        ("postgresql://pat@h/x", "postgresql://h/x", None),
        ("postgresql://h/x", "postgresql://h/x", None),
        ("sqlite:///x", "sqlite:///x", None),
    ],
)
def test_role_that_migrations_grant_rights_to_may_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, service: str, operators: str, role: str | None
) -> None:
    monkeypatch.setenv("PGUSER", "pat")
    loaded = Settings(
        database_url=DatabaseUrl(service), operator_database_url=DatabaseUrl(operators), secret_key=SECRET
    )
    assert loaded.api_role == role
