"""Which database a command uses beside a goatfish up: the environment's, .env's, then that of a running one."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.loading import load
from config.running_up import FILE, LeftSettings, leave, read_left
from config.setting_errors import ConfigurationError

DEFAULT = "sqlite:///var/goatfish.sqlite3"
LEFT = LeftSettings(
    database_url="postgresql://api:a@127.0.0.1:5555/goatfish",
    operator_database_url="postgresql://operator:o@127.0.0.1:5555/goatfish",
    one_role=False,
    secret_key="the secret key of the running service",
)


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "OPERATOR_DATABASE_URL", "SECRET_KEY", "ONE_ROLE"):
        monkeypatch.delenv(f"GOATFISH_{name}", raising=False)
    load.cache_clear()
    yield tmp_path
    load.cache_clear()


def used() -> tuple[str, str, str]:
    load.cache_clear()
    settings = load()
    url, operator_url = settings.database_url.with_password, settings.operator_url.with_password
    return url, operator_url, settings.secret_key.get_secret_value()


def test_a_running_up_tells_everything_that_it_uses() -> None:
    with leave(LEFT):
        assert used() == (LEFT.database_url, LEFT.operator_database_url, LEFT.secret_key)
        assert stat.S_IMODE(FILE.stat().st_mode) == 0o600


def test_one_that_has_ended_tells_only_what_it_used() -> None:
    leave(LEFT).close()
    assert used()[:2] == (DEFAULT, DEFAULT)
    assert read_left() == (LEFT, False)


@pytest.mark.parametrize("place", ["environment", "file"])
@pytest.mark.parametrize("name", ["DATABASE_URL", "OPERATOR_DATABASE_URL"])
def test_a_configured_database_is_never_mixed_with_that_of_up(
    place: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "sqlite:///mine.sqlite3"
    if place == "environment":
        monkeypatch.setenv(f"GOATFISH_{name}", url)
    else:
        Path(".env").write_text(f"GOATFISH_{name}={url}\n")
    with leave(LEFT):
        service, operators, secret = used()
    assert service == (url if name == "DATABASE_URL" else DEFAULT)
    assert operators == url
    assert secret != LEFT.secret_key


def test_an_empty_variable_configures_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOATFISH_DATABASE_URL", "")
    with leave(LEFT):
        assert used()[0] == LEFT.database_url


def test_other_settings_are_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOATFISH_SECRET_KEY", "x" * 32)
    with leave(LEFT):
        assert used() == (LEFT.database_url, LEFT.operator_database_url, "x" * 32)


def test_the_last_up_counts_as_long_as_it_runs() -> None:
    other = LeftSettings(
        database_url="sqlite:///other.sqlite3", operator_database_url=None, one_role=False, secret_key="y" * 32
    )
    with leave(LEFT):
        with leave(other):
            assert used() == (other.database_url, other.database_url, other.secret_key)
        assert read_left() == (other, False)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"database_url": 1}', '{"other": "x"}', '"text"'])
def test_a_damaged_file_is_an_error_in_one_line(text: str) -> None:
    FILE.parent.mkdir()
    FILE.write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        load()
    (line,) = raised.value.lines
    assert line == "var/up.json cannot be read: it is damaged, delete it"
    assert "delete it" in line
