"""What is said of variables and lines of .env that look like settings and are none."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import loading
from config.ignored_settings import ignored_settings, unknown_variables
from config.setting_errors import ConfigurationError
from config.settings import PREFIX, Settings
from config.spelling import nearest

KNOWN = {PREFIX + name.upper() for name in Settings.model_fields}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and an environment without variables."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.environ", {})
    return tmp_path


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("GOATFISH_BOGUS", None),
        ("GOATFISH_PORT", None),
        ("GOATFISH_HOST", None),
        ("GOATFISH_DEBUG", None),
        ("GOATFISH_TIMEOUT", None),
        ("GOATFISH_KEYS", None),
        ("GOATFISH_", None),
        ("GOATFISH_WORKER", "WORKERS"),
        ("GOATFISH_SECRET_KEYFILE", "SECRET_KEY_FILE"),
        ("GOATFISH_DATABASE_URL_FILES", "DATABASE_URL_FILE"),
        ("GOATFISH__WORKERS", "WORKERS"),
        ("GOATFISH_POOLSIZE", "POOL_SIZE"),
        ("GOATFISH_SECRET", "SECRET_KEY"),
        ("GOATFISH_KEEPALIVE", "KEEP_ALIVE"),
        ("GOATFISH_ALOWED_HOSTS", "ALLOWED_HOSTS"),
        ("GOATFISH_PUBLIC_URI", "PUBLIC_URL"),
        ("GOATFISH_MAX_CONNECTIONS", "CONNECTIONS_MAX"),
        ("GOATFISH_TIMEOUT_POOL", "POOL_TIMEOUT"),
        ("GOATFISH_LEVEL_LOG", "LOG_LEVEL"),
        ("GOATFISH_REPLICA_URL", "REPLICA_DATABASE_URL"),
        ("GOATFISH_OPERATOR_URL", "OPERATOR_DATABASE_URL"),
        ("GOATFISH_KEEP_ALIVE_SECONDS", "KEEP_ALIVE"),
        ("GOATFISH_MAX_SIZE_OF_POOL", "POOL_SIZE"),
        ("GOATFISH_WORKERS_TIMEOUT", None),
        ("GOATFSH_WORKERS", "WORKERS"),
        ("GOTFISH_HTTPS", "HTTPS"),
        ("GOATFISHWORKERS", "WORKERS"),
        ("GOATFISH-WORKERS", "WORKERS"),
        ("GOAT_FISH_WORKERS", "WORKERS"),
        ("goatfsh_workers", "WORKERS"),
        ("GOLDFISH_WORKERS", None),
        ("WORKERS", None),
        ("DATABASE_URL", None),
        ("GOATFISHES_BOGUS", None),
    ],
)
def test_only_a_near_name_is_meant(name: str, meant: str | None) -> None:
    assert nearest(name, PREFIX, KNOWN) == (PREFIX + meant if meant else None)


@given(st.sampled_from(sorted(KNOWN)), st.data())
def test_a_name_with_one_letter_wrong_is_recognized(name: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(len(PREFIX), len(name) - 1))
    letter = data.draw(st.sampled_from("QXZ"))
    for wrong in (name[:place] + name[place + 1 :], name[:place] + letter + name[place:]):
        assert wrong in KNOWN or nearest(wrong, PREFIX, KNOWN) in KNOWN


def test_the_meaning_of_the_nearest_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOATFISH_BOGUS", "1")
    monkeypatch.setenv("GOATFSH_LOG_LEVEL", "1")
    monkeypatch.setenv("goatfish_workers", "2")
    monkeypatch.setenv("OTHER", "1")

    assert ignored_settings() == [
        "GOATFISH_BOGUS is not a known setting.",
        "GOATFSH_LOG_LEVEL is not a known setting. Did you mean GOATFISH_LOG_LEVEL?"
        " The least severe level that is logged.",
    ]


def test_variables_of_a_kubernetes_service_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    service = ("PORT", "PORT_8000_TCP", "PORT_8000_TCP_ADDR", "SERVICE_PORT", "SERVICE_PORT_HTTP", "SERVICE_HOST")
    for name in service:
        monkeypatch.setenv(PREFIX + name, "10.0.0.1")
    assert unknown_variables() == []
    monkeypatch.delenv("GOATFISH_SERVICE_HOST")
    assert "GOATFISH_PORT" in unknown_variables()


def test_every_setting_has_a_meaning() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_lines_that_set_nothing_are_named(elsewhere: Path) -> None:
    lines = [
        "# GOATFISH_HTTPS=true",
        "export GOATFISH_WORKERS=2",
        "GOATFISH_POOL_SIZE: 3",
        "set GOATFISH_KEEP_ALIVE=3",
        "- GOATFISH_RATE_LIMIT=3",
        "GOATFISH_BODY_TIMEOUT",
        "GOATFISH_LOG_LEVEL='debug'",
        "OTHER: 3",
        'GOATFISH_SECRET_KEY="never ended',
    ]
    (elsewhere / ".env").write_text("\n".join(lines))

    assert ignored_settings() == [
        ".env, line 3, sets nothing: write GOATFISH_POOL_SIZE=value",
        ".env, line 4, sets nothing: write GOATFISH_KEEP_ALIVE=value",
        ".env, line 5, sets nothing: write GOATFISH_RATE_LIMIT=value",
        ".env, line 6, sets nothing: write GOATFISH_BODY_TIMEOUT=value",
        ".env, line 9, sets nothing: write GOATFISH_SECRET_KEY=value",
    ]
    loaded = Settings()
    assert (loaded.workers, loaded.log_level, loaded.body_timeout) == (2, "DEBUG", 30)


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte-order-mark"])
def test_the_first_line_of_a_file_is_read(start: bytes, elsewhere: Path) -> None:
    (elsewhere / ".env").write_bytes(start + b"GOATFISH_WORKERS=2\r\nGOATFISH_POOL_SIZE=3\r\n")

    assert (Settings().workers, Settings().pool_size, ignored_settings()) == (2, 3, [])


def test_lines_that_set_something_else_than_they_say_are_named(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST", "a.example")
    lines = [
        "GOATFISH_WORKERS=2",
        "export goatfish_workers=3",
        "OTHER=${NOTHING}",
        "GOATFISH_ALLOWED_HOSTS=${HOST},${ANOTHER:-b.example}",
        "GOATFISH_SECRET_KEY='abc${def}ghijklmnopqrstuvwxyz0123456789'",
        "GOATFISH_LOG_FORMAT=${GOATFISH_LATER}",
        "GOATFISH_ POOL_SIZE=3",
    ]
    (elsewhere / ".env").write_text("\n".join(lines))

    assert ignored_settings() == [
        ".env, line 1, sets nothing: line 2 sets GOATFISH_WORKERS again",
        ".env, line 5, leaves out a part of GOATFISH_SECRET_KEY: what its ${…} names is set nowhere",
        ".env, line 6, leaves out a part of GOATFISH_LOG_FORMAT: what its ${…} names is set nowhere",
        ".env, line 7, sets nothing: write GOATFISH_POOL_SIZE=value",
    ]
    loaded = Settings()
    assert (loaded.workers, loaded.allowed_hosts) == (3, ("a.example", "b.example"))
    assert loaded.secret_key.get_secret_value() == "abcghijklmnopqrstuvwxyz0123456789"


def test_a_setting_in_several_spellings_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOATFISH_WORKERS", "2")
    monkeypatch.setenv("Goatfish_Workers", "3")
    monkeypatch.setenv("goatfish_pool_size", "3")

    assert ignored_settings() == ["GOATFISH_WORKERS is set in several spellings: leave one."]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("A=1\nB=café\n".encode("latin-1"), 2),
        ("GOATFISH_WORKERS=2\n".encode("utf-16"), 1),
        (b"GOATFISH_LOG_LEVEL=\xff\n", 1),
    ],
)
def test_a_file_in_another_encoding_is_one_line(content: bytes, line: int, elsewhere: Path) -> None:
    (elsewhere / ".env").write_bytes(content)
    for read in (loading.load.__wrapped__, ignored_settings):
        with pytest.raises(ConfigurationError) as caught:
            read()
        assert caught.value.lines == [f".env cannot be read: line {line} is not UTF-8, in which it must be saved"]


def test_variables_of_the_client_are_no_mistakes_but_in_a_file(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOATFISH_URL", "https://goatfish.example")
    monkeypatch.setenv("GOATFISH_KEY", "gf_secret")
    assert unknown_variables() == []
    (elsewhere / ".env").write_text("GOATFISH_URL=https://goatfish.example\n")
    assert unknown_variables() == ["GOATFISH_URL"]
