"""The URL of standbys: which servers it may choose, and where it is refused."""

from __future__ import annotations

import pytest

from config.databases import DatabaseUrl, StandbyUrl
from config.loading import load
from config.setting_errors import ConfigurationError
from config.settings import Settings
from config.verification import require_verified

LOGIN = "postgresql://ann:hunter2@"
PRIMARY = f"{LOGIN}127.0.0.1/x"
SECRET = "a secret key that serves the tests alone"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOATFISH_DATABASE_URL", PRIMARY)
    monkeypatch.setenv("GOATFISH_SECRET_KEY", SECRET)
    load.cache_clear()


def refused() -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        require_verified(load())
    assert "hunter2" not in str(caught.value)
    return caught.value.lines


@pytest.mark.parametrize("query", ["", "?target_session_attrs=standby", "?target_session_attrs=prefer-standby"])
def test_connections_go_to_standbys_alone(query: str) -> None:
    server = StandbyUrl(f"{LOGIN}h1,h2:5433/x{query}").server({})
    assert server.hosts == (("h1", 5432), ("h2", 5433))
    assert server.options["target_session_attrs"] == "standby"
    assert "default_transaction_read_only" not in server.session


@pytest.mark.parametrize("wanted", ["any", "primary", "read-write"])
def test_what_would_choose_a_primary_is_refused(wanted: str) -> None:
    with pytest.raises(ValueError, match=r"its target_session_attrs is not one of standby, prefer-standby$"):
        StandbyUrl(f"{LOGIN}h1/x?target_session_attrs={wanted}")


def test_processes_spread_over_the_hosts_only_if_asked() -> None:
    hosts = [f"h{number}" for number in range(9)]

    def orders(query: str) -> set[tuple[tuple[str, int], ...]]:
        url = f"{LOGIN}{','.join(hosts)}/x{query}"
        return {StandbyUrl(url).server({}).hosts for _ in range(9)}

    assert orders("") == {tuple((host, 5432) for host in hosts)}
    spread = orders("?load_balance_hosts=random")
    assert len(spread) > 1
    assert {tuple(sorted(order)) for order in spread} == {tuple((host, 5432) for host in hosts)}
    with pytest.raises(ValueError, match="load_balance_hosts is not one of disable"):
        DatabaseUrl(f"{LOGIN}h1,h2/x?load_balance_hosts=random")


def test_setting_is_a_url_of_standbys(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().replica_database_url is None
    monkeypatch.setenv("GOATFISH_REPLICA_DATABASE_URL", f" {LOGIN}localhost/x ")
    load.cache_clear()
    assert load().replica_database_url == StandbyUrl(f"{LOGIN}localhost/x")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sqlite:///x", "must name standbys of PostgreSQL"),
        ("mysql://h1/x", "must begin with postgresql://"),
        (f"{LOGIN}localhost/x?target_session_attrs=any", "is not understood: its target_session_attrs"),
        (f"{LOGIN}db.example/x", "db.example is not this machine, and the URL does not say whether to verify"),
    ],
)
def test_other_urls_are_refused(url: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOATFISH_REPLICA_DATABASE_URL", url)
    (line,) = refused()
    assert line.startswith(f"GOATFISH_REPLICA_DATABASE_URL: {why}")


def test_sqlite_refuses_standbys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOATFISH_DATABASE_URL", "sqlite:///x")
    monkeypatch.setenv("GOATFISH_REPLICA_DATABASE_URL", PRIMARY)
    assert refused() == ["GOATFISH_REPLICA_DATABASE_URL: has no use with SQLite, which has no standbys: leave it out"]


def test_settings_name_no_password() -> None:
    assert "hunter2" not in repr(Settings(replica_database_url=StandbyUrl(PRIMARY)))
