"""Settings that are valid and do not do what they seem to."""

from typing import Any

import pytest
from pydantic import SecretStr

from app.cli.settings_advice import advice
from config.databases import DatabaseUrl
from config.settings import Settings

POSTGRES = DatabaseUrl("postgresql://service@127.0.0.1/goatfish")


def settings_with(**given: Any) -> Settings:
    return Settings(**{"secret_key": SecretStr("x" * 32), **given})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"one_role": True}, "GOATFISH_ONE_ROLE has no effect with SQLite."),
        ({"prepared_statements": False}, "GOATFISH_PREPARED_STATEMENTS has no effect with SQLite."),
        (
            {"database_url": POSTGRES, "sqlite_synchronous": "normal"},
            "GOATFISH_SQLITE_SYNCHRONOUS has no effect with PostgreSQL.",
        ),
        ({"metrics": False, "metrics_port": 9100}, "GOATFISH_METRICS_PORT has no effect with GOATFISH_METRICS=false."),
        ({"metrics_host": "0.0.0.0"}, "GOATFISH_METRICS_HOST has no effect without GOATFISH_METRICS_PORT."),
        ({"secret_key_previous": SecretStr("x" * 32)}, "GOATFISH_SECRET_KEY_PREVIOUS is the same as"),
        ({"body_timeout": 60}, "GOATFISH_BODY_TIMEOUT, 60, is never reached: GOATFISH_REQUEST_TIMEOUT, 60,"),
        ({"rate_limit": 3, "workers": 4}, "GOATFISH_RATE_LIMIT is 3, but each of 4 workers allows at least one."),
        ({"failure_limit": 3, "workers": 4}, "GOATFISH_FAILURE_LIMIT is 3, but each of 4 workers"),
        ({"pool_size": 2}, "GOATFISH_POOL_SIZE is 2: one owner's slow statement makes others wait."),
        ({"bodies_max": 15}, "GOATFISH_BODIES_MAX is 15: batches of 4 MiB need at least 16."),
        ({"public_url": "https://a.example", "keep_alive": 5}, "GOATFISH_KEEP_ALIVE is 5: proxies usually keep"),
        ({"allowed_hosts": "0.0.0.0"}, "GOATFISH_ALLOWED_HOSTS has 0.0.0.0, which is an address to listen on"),
        ({"allowed_hosts": "[::]"}, "GOATFISH_ALLOWED_HOSTS has [::], which is an address to listen on"),
    ],
)
def test_settings_without_their_effect_are_named(given: dict[str, Any], words: str) -> None:
    (line,) = advice(settings_with(**given))

    assert line.startswith(words)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ENDPOINT", "localhost:4317", "No traces are sent: OTEL_EXPORTER_OTLP_ENDPOINT must be a URL like http://"),
        ("TRACES_ENDPOINT", "grpc://a:4317", "No traces are sent: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT must be a URL"),
        ("PROTOCOL", "grpc", "No traces are sent: the protocol is http/protobuf alone, and grpc is asked for."),
        ("ENDPOINT", "HTTPS://localhost:4318", None),
    ],
)
def test_traces_that_cannot_be_sent_are_named(
    name: str, value: str, words: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318")
    monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{name}", value)

    lines = list(advice(settings_with()))

    assert len(lines) == (words is not None)
    assert "".join(lines).startswith(words or "")


def test_variables_of_libpq_that_are_not_read_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGSSLMODE", "PGTARGETSESSIONATTRS", "PGOPTIONS"):
        monkeypatch.setenv(name, "require")

    (line,) = advice(settings_with(database_url=POSTGRES))

    assert line.startswith("Not read from the environment: PGOPTIONS, PGTARGETSESSIONATTRS.")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"database_url": POSTGRES, "one_role": True, "prepared_statements": False},
        {"rate_limit": 0, "failure_limit": 0, "workers": 4},
        {"keep_alive": 5},
        {"public_url": "https://a.example"},
    ],
)
def test_usual_settings_need_no_advice(given: dict[str, Any]) -> None:
    assert list(advice(settings_with(**given))) == []
