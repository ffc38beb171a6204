"""What a PostgreSQL URL may say: hosts by position, options that both drivers follow, and refusals by name."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import conninfo

from config import postgres
from config.databases import DatabaseUrl, django_database, psycopg_parameters
from config.postgres import SOCKETS
from config.postgres_urls import read_url
from config.verification import unverified

LOGIN = "postgresql://ann:hunter2@"


@pytest.mark.parametrize(
    ("places", "hosts"),
    [
        ("h1/x", [("h1", 5432)]),
        ("h1:5433,h2:5434/x", [("h1", 5433), ("h2", 5434)]),
        ("h1,h2:5434/x", [("h1", 5432), ("h2", 5434)]),
        ("h1:5433,h2/x", [("h1", 5433), ("h2", 5432)]),
        ("h1,h2,h3/x", [("h1", 5432), ("h2", 5432), ("h3", 5432)]),
        ("[::1]:5433,h2,[fe80::2]/x", [("::1", 5433), ("h2", 5432), ("fe80::2", 5432)]),
        ("h1,[::1]:5433/x", [("h1", 5432), ("::1", 5433)]),
        ("/x?host=/run/a", [("/run/a", 5432)]),
        ("/x?host=/run/a,h2&port=1,2", [("/run/a", 1), ("h2", 2)]),
        ("/x?host=h1,h2&port=6432", [("h1", 6432), ("h2", 6432)]),
        ("%2Frun%2Fa:5433/x", [("/run/a", 5433)]),
        ("h1,h2:5434/x?port=6432", [("h1", 6432), ("h2", 5434)]),
        ("/x", [(place, 5432) for place in SOCKETS]),
        (":5433/x", [(place, 5433) for place in SOCKETS]),
    ],
)
def test_hosts_and_ports_are_read_by_position_for_both_drivers(places: str, hosts: list[tuple[str, int]]) -> None:
    url = DatabaseUrl(LOGIN + places)
    assert list(url.server({}).hosts) == hosts
    given = psycopg_parameters(url)
    assert [*zip(given["host"].split(","), map(int, given["port"].split(",")), strict=True)] == hosts
    entry = django_database(url)
    assert (entry["HOST"], entry["PORT"]) == (given["host"], given["port"])


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("sslmode=on", "sslmode is not one of disable, allow, prefer, require, verify-ca, verify-full"),
        ("sslmode=verify_full", "sslmode is not one of"),
        ("sslmode=VERIFY-FULL", "sslmode is not one of"),
        ("sslmode=require&sslmode=disable", "has the option sslmode twice"),
        ("sslmode=verify-ca", "needs sslrootcert=FILE"),
        ("sslmode=verify-ca&sslrootcert=system", "needs sslrootcert=FILE"),
        ("sslmode=require&sslrootcert=system", "needs sslrootcert=FILE"),
        ("sslcert=a", "sslcert and sslkey, which need each other"),
        ("sslkey=a", "sslcert and sslkey, which need each other"),
        ("channel_binding=yes", "channel_binding is not one of disable, prefer, require"),
        ("channel_binding=require", "needs sslmode=require"),
        ("channel_binding=require&sslmode=prefer", "needs sslmode=require"),
        ("target_session_attrs=standby", "Goatfish writes, which no standby allows"),
        ("target_session_attrs=prefer-standby", "target_session_attrs is not one of any, read-write, primary"),
        ("target_session_attrs=read-only", "target_session_attrs is not one of"),
        ("gssencmode=require", "asyncpg cannot encrypt by GSSAPI"),
        ("load_balance_hosts=random", "hosts are tried in their order"),
        ("client_encoding=latin1", "client_encoding is not one of"),
        ("keepalives=yes", "keepalives is not one of 0, 1"),
        ("keepalives_idle=-1", "keepalives_idle, which must be a whole number of seconds"),
        ("connect_timeout=1.5", "connect_timeout, which must be a whole number of seconds"),
        ("tcp_user_timeout=1s", "tcp_user_timeout, which must be a whole number of milliseconds"),
        ("ssl_min_protocol_version=TLSv1", "ssl_min_protocol_version is not one of TLSv1.2, TLSv1.3"),
        ("service=main", "'service', which is not supported: what it names depends on a file"),
        ("hostaddr=10.0.0.7", "'hostaddr', which is not supported: name the address in place of the host"),
        ("user=bob", "'user', which is not supported: they belong in front of the host"),
        ("require_auth=none", "'require_auth', which is not supported: asyncpg cannot do it"),
        ("statement_timeout=5", "'statement_timeout', which is not supported: Goatfish sets it itself"),
        ("search_path=a", "'search_path', which is not supported: Goatfish sets it itself"),
        ("datestyle=German", "'datestyle', which is not supported: Goatfish sets it itself"),
        ("pgbouncer=true", "'pgbouncer', which is not supported: known are application_name,"),
        ("options=-c search_path=a", "has options that set search_path, which Goatfish sets itself"),
        ("options=-cwork_mem=1MB --TimeZone=Asia/Tokyo", "has options that set TimeZone"),
        ("options=--default-transaction-read-only=on", "has options that set default-transaction-read-only"),
        ("options=-c client_encoding=latin1", "has options that set client_encoding, which Goatfish sets itself"),
        ("options=-c application_name=bob", "has options that set application_name, which Goatfish sets itself"),
        ("options=-c role=bob", "has options that set role, which Goatfish sets itself"),
        ("options=--session-authorization=bob", "has options that set session-authorization"),
        ("options=-c transaction_timeout=1", "has options that set transaction_timeout"),
        ("options=-c goatfish.owner=bob", "has options that set goatfish.owner"),
        ("transaction_read_only=on", "'transaction_read_only', which is not supported: Goatfish sets it itself"),
        ("sslnegotiation=direct", "sslnegotiation is not one of postgres (Goatfish asks the server before TLS begins)"),
        ("sslsni=0", "sslsni is not one of 1 (asyncpg always sends the host's name)"),
        ("sslcompression=1", "sslcompression is not one of 0"),
        ("host=h2", "must name its hosts either after the @ or in ?host="),
        ("port=1,2", "has 2 ports for 1 hosts"),
        ("port=0", "is not a valid URL: a port is a number from 1 to 65535"),
        ("keepalives_idle=32768", "keepalives_idle, which systems limit to 32767 seconds"),
        ("keepalives_count=128", "keepalives_count, which systems limit to 127 packets"),
        ("options=-c work_mem=8MB%5C", "has options that end in the middle of an escape"),
        (
            "ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2",
            "an ssl_min_protocol_version above its ssl_max_protocol_version",
        ),
        ("application_name=a#b", "must have # written as %23"),
    ],
)
def test_what_one_driver_cannot_do_is_refused_by_name(query: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        DatabaseUrl(f"{LOGIN}h1/x?{query}")
    assert message in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ann:12/hunter2@h1/x", "must have a / or ? in its password written as %2F or %3F"),
        ("ann:12?hunter2@h1/x", "must have a / or ? in its password written as %2F or %3F"),
        ("ann:12#hunter2@h1/x", "must have # written as %23"),
        ("ann:hunter2@h1/x@y", "and an @ in its path as %40"),
        ("ann:hunter2%@h1/x", "must have % written as %25"),
        ("ann:hunter2%zz@h1/x", "must have % written as %25"),
        ("ann:hunter2%ff@h1/x", "must be UTF-8 in its percent-encoding"),
        ("ann:hunter2%00@h1/x", "must be without %00"),
        ("ann%00:hunter2@h1/x", "must be without %00"),
        ("ann:hunter2@h1%00/x", "must be without %00"),
        ("ann:hunter2@h1/x%00y", "must be without %00"),
        ("ann:hunter2@h1/x?application_name=a%00b", "must be without %00"),
        ("ann:hunter2@::1/x", "must have IPv6 addresses in brackets"),
        ("ann:hunter2@h1,2001:db8::1:5433/x", "must have IPv6 addresses in brackets"),
        ("ann:hunter2@:5433,h2/x", "must name a host between two commas"),
        ("ann:hunter2@/x?host=@abstract", "names an abstract socket, which asyncpg cannot use"),
        (
            "ann@h1/x?sslmode=require&channel_binding=require&passfile=/p",
            "has channel_binding=require, which needs the password in the URL or in PGPASSWORD",
        ),
    ],
)
def test_what_drivers_would_read_differently_is_refused(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        DatabaseUrl(f"postgresql://{url}")
    assert message in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_plus_is_no_space() -> None:
    """As libpq has it; in a password of a key it would make another one."""
    server = DatabaseUrl(
        "postgresql://a+b:c+d@h1/e+f?application_name=g+h&sslcert=i&sslkey=j&sslpassword=k%2B+l"
    ).server({})
    assert (server.user, server.password, server.database) == ("a+b", "c+d", "e+f")
    assert (server.options["application_name"], server.options["sslpassword"]) == ("g+h", "k++l")


def test_zones_of_addresses_may_have_any_name() -> None:
    assert DatabaseUrl(f"{LOGIN}[fe80::1%25br-lan.7]:5433/x").server({}).hosts == (("fe80::1%br-lan.7", 5433),)


def test_user_is_the_one_of_the_process_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """libpq asks the system, and asyncpg LOGNAME and USER."""
    monkeypatch.setenv("LOGNAME", "somebody")
    name = pwd.getpwuid(os.geteuid()).pw_name
    assert psycopg_parameters(DatabaseUrl("postgresql://h1/x"))["user"] == name
    assert DatabaseUrl("postgresql://h1/x").server({}).user == name
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    assert DatabaseUrl("postgresql://h1/x").server({}).user == ""


@pytest.mark.parametrize("places", ["h1,,h2", "h1%2Ch2", "h 1", "[::1", "[h1]", "h1:x", "h1:70000", ","])
def test_places_that_drivers_would_read_differently_are_refused(places: str) -> None:
    with pytest.raises(ValueError, match=r"is not a valid URL|between two commas"):
        DatabaseUrl(f"{LOGIN}{places}/x")


@pytest.mark.parametrize("name", ["PGUSER", "PGPASSWORD"])
def test_what_the_environment_adds_has_to_be_utf8(name: str) -> None:
    with pytest.raises(ValueError, match=f"leaves something to {name}, which is not UTF-8"):
        read_url("postgresql://h1/x", {name: "hunter2\udcff"})


@pytest.mark.parametrize("query", ["sslnegotiation=postgres", "sslsni=1", "sslcompression=0"])
def test_options_that_ask_for_what_happens_anyway_are_taken(query: str) -> None:
    assert query.partition("=")[0] in psycopg_parameters(DatabaseUrl(f"{LOGIN}h1/x?{query}"))


def test_channel_binding_needs_tls() -> None:
    with pytest.raises(ValueError, match="a Unix socket has none"):
        DatabaseUrl(f"{LOGIN}/x?host=/run/a,h2&sslmode=require&channel_binding=require")


@pytest.mark.parametrize(
    ("query", "given"),
    [
        ("sslmode=require&channel_binding=require", {"sslmode": "require", "channel_binding": "require"}),
        ("ssl=true", {"sslmode": "require"}),
        ("connect_timeout=3&keepalives=0", {"connect_timeout": "3", "keepalives": "0"}),
        (
            "keepalives_idle=9&keepalives_interval=8&keepalives_count=7&tcp_user_timeout=6000",
            {"tcp_user_timeout": "6000"},
        ),
        ("target_session_attrs=read-write", {"target_session_attrs": "read-write"}),
        ("sslmode=verify-ca&sslrootcert=a", {"sslmode": "verify-ca", "sslrootcert": "a"}),
        ("sslcert=a&sslkey=b&sslpassword=c", {"sslcert": "a", "sslkey": "b", "sslpassword": "c"}),
        ("connect_timeout=0", {"connect_timeout": "5"}),
        ("connect_timeout=00", {"connect_timeout": "5"}),
        ("application_name=x", {"application_name": "x"}),
        ("passfile=/etc/p", {"passfile": "/etc/p"}),
        ("gssencmode=prefer", {"gssencmode": "disable"}),
        ("client_encoding=utf-8", {"client_encoding": "UTF8"}),
        ("sslmode=", {"sslmode": "prefer"}),
        ("", {"sslmode": "prefer", "connect_timeout": "5", "passfile": "/nonexistent", "sslrootcert": "/nonexistent"}),
    ],
)
def test_libpq_gets_every_option(query: str, given: dict[str, str]) -> None:
    parameters = psycopg_parameters(DatabaseUrl(f"{LOGIN}h1/x?{query}"))
    assert {name: parameters[name] for name in given} == given
    conninfo.conninfo_to_dict(**parameters)  # libpq knows them all


def test_environment_says_only_what_the_url_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {
        "PGHOST": "h8,h9",
        "PGPORT": "1,2",
        "PGUSER": "bob",
        "PGPASSWORD": "s",
        "PGSSLMODE": "verify-ca",
        "PGSSLROOTCERT": "ca",
    }
    server = read_url("postgresql:///x", environment)
    assert (server.hosts, server.user, server.password) == ((("h8", 1), ("h9", 2)), "bob", "s")
    assert (server.ssl_mode, server.root_certificates) == ("verify-ca", "ca")
    server = read_url(f"{LOGIN}h1:5/x?sslmode=disable", environment)
    assert (server.hosts, server.user, server.password) == ((("h1", 5),), "ann", "hunter2")
    assert server.ssl_mode == "disable"


def test_libpq_finds_nothing_else_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every variable that this libpq knows is either given as a parameter, or gone."""
    parameters: dict[str, Any] = {}
    known = {option.envvar.decode(): option.keyword.decode() for option in _defaults() if option.envvar}
    known |= {name: name for name in ("PGDATESTYLE", "PGTZ", "PGGEQO", "PGSERVICEFILE", "PGSYSCONFDIR")}
    for name in known:
        monkeypatch.setenv(name, "")  # so that it is set again afterwards
    parameters = psycopg_parameters(DatabaseUrl(f"{LOGIN}h1/x"))
    left = {name: keyword for name, keyword in known.items() if name in os.environ and keyword not in parameters}
    assert left == {}


def _defaults() -> list[Any]:
    return psycopg.pq.Conninfo.get_defaults()


def test_session_is_pinned_for_libpq_behind_the_options_of_the_url() -> None:
    parameters = psycopg_parameters(DatabaseUrl(f"{LOGIN}h1/x?options=-c%20work_mem%3D8MB"))
    assert parameters["options"].startswith("-c work_mem=8MB -c DateStyle=ISO,\\ MDY -c TimeZone=UTC ")
    assert "-c default_transaction_isolation=read\\ committed" in parameters["options"]
    assert "-c default_transaction_read_only=off" in parameters["options"]


def test_server_is_chosen_by_what_its_sessions_inherit() -> None:
    """``read-write`` looks at ``default_transaction_read_only``: to pin that would make every server look writable."""
    parameters = psycopg_parameters(DatabaseUrl(f"{LOGIN}h1,h2/x?target_session_attrs=read-write"))
    assert "default_transaction_read_only" not in parameters["options"]


def test_missing_certificate_authorities_of_the_system_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_CA_FILES", ())
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    why = unverified(DatabaseUrl(f"{LOGIN}h1/x?sslmode=verify-full"), {})
    assert why == "the certificate authorities of the system are not found: name sslrootcert=FILE"


def test_certificate_authorities_of_the_system_are_a_file_for_both_drivers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "all.pem").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "all.pem"))
    for query in ("sslmode=verify-full", "sslmode=verify-full&sslrootcert=system"):
        url = DatabaseUrl(f"{LOGIN}h1/x?{query}")
        assert psycopg_parameters(url)["sslrootcert"] == url.server({}).root_certificates == str(tmp_path / "all.pem")


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ("-c work_mem=8MB -cjit=off --enable-seqscan=off", {"work_mem": "8MB", "jit": "off", "enable_seqscan": "off"}),
        (r"-c  log_line_prefix=a\ -c\ b=\\ -c a.b=", {"log_line_prefix": "a -c b=\\", "a.b": ""}),
        ("endpoint=ep-1 -e", {}),
    ],
)
def test_settings_that_options_make_are_read(options: str, settings: dict[str, str]) -> None:
    assert postgres.settings_in(options) == settings
    assert postgres.settings_in(postgres.as_options(settings)) == settings
