"""Settings from the files that GOATFISH_<NAME>_FILE names."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.databases import DatabaseUrl, StandbyUrl
from config.ignored_settings import unknown_variables
from config.loading import load, load_for_service
from config.secret_settings import LENGTH_MAX
from config.setting_errors import ConfigurationError
from config.settings import Settings

SECRET = "a secret key that serves the tests alone"
POSTGRES = "postgresql://service:s%40cret@db.example/goatfish?sslmode=require"
NAMES = ("DATABASE_URL", "OPERATOR_DATABASE_URL", "REPLICA_DATABASE_URL", "SECRET_KEY", "SECRET_KEY_PREVIOUS")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working directory, and an environment without GOATFISH_* variables."""
    for name in [name for name in os.environ if name.upper().startswith("GOATFISH_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    load.cache_clear()
    yield tmp_path
    load.cache_clear()


def given(name: str, content: str | bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with this content, which a variable names."""
    file = Path(f"file of {name}").absolute()
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.setenv(f"GOATFISH_{name}_FILE", str(file))
    return file


def refused() -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load()
    assert "s%40cret" not in str(caught.value)
    return caught.value.lines


def test_every_secret_can_be_in_a_file(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    operators, standbys = POSTGRES.replace("service", "operators"), POSTGRES.replace("db.", "standby.")
    for name, content in zip(NAMES, (POSTGRES, operators, standbys, SECRET, SECRET[::-1]), strict=True):
        given(name, content + "\n", monkeypatch)

    loaded = load()

    assert (loaded.database_url, loaded.operator_database_url) == (DatabaseUrl(POSTGRES), DatabaseUrl(operators))
    assert loaded.replica_database_url == StandbyUrl(standbys)
    assert loaded.secret_keys == [SECRET, SECRET[::-1]]
    assert unknown_variables() == []


def test_every_setting_that_is_a_secret_has_a_file() -> None:
    secrets = {name.upper() for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)} | {
        name.upper() for name in Settings.model_fields if name.endswith("database_url")
    }
    assert secrets == set(NAMES)
    assert {f"{name}_FILE".lower() for name in NAMES} == {
        name for name in Settings.model_fields if name.endswith("_file")
    }


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_the_end_of_the_line_does_not_count(start: str, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given("SECRET_KEY", start + " " + SECRET + " " + end, monkeypatch)

    assert load().secret_keys == [" " + SECRET + " "]


def test_a_file_can_be_named_in_the_env_file(elsewhere: Path) -> None:
    Path("key").write_text(SECRET)
    Path(".env").write_text("GOATFISH_SECRET_KEY_FILE=key\n")

    assert load_for_service().secret_keys == [SECRET]
    assert not Path("var").exists()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"s%40cret \xff", "is not UTF-8"),
        (b"s%40cret\nb", "has more than one line of text"),
        (b"s%40cret\0b", "has more than one line of text"),
        (b"x" * (LENGTH_MAX + 1), "has more than one line of text"),
    ],
)
def test_content_that_is_no_line_is_refused(
    name: str, content: bytes, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = given(name, content, monkeypatch)

    assert refused() == [f"GOATFISH_{name}_FILE: names {file}, which {why}"]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_file_is_refused(name: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = elsewhere / "there"
    monkeypatch.setenv(f"GOATFISH_{name}_FILE", str(path))
    said = f"GOATFISH_{name}_FILE: names {path}, which"
    assert refused() == [f"{said} cannot be read: No such file or directory"]

    path.mkdir()
    assert refused() == [f"{said} is not a file but a directory"]

    path.rmdir()
    os.mkfifo(path)
    assert refused() == [f"{said} is not a file"]


def test_a_file_without_permission_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    file = given("SECRET_KEY", SECRET, monkeypatch)

    def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(file))  # root may read everything

    monkeypatch.setattr(Path, "open", forbidden)
    assert refused() == [f"GOATFISH_SECRET_KEY_FILE: names {file}, which cannot be read: Permission denied"]


@pytest.mark.parametrize("place", ["environment", ".env"])
@pytest.mark.parametrize(("name", "value"), [*zip(NAMES, (POSTGRES, POSTGRES, POSTGRES, SECRET, SECRET), strict=True)])
def test_a_setting_beside_its_file_is_refused(
    name: str, value: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(name, value, monkeypatch)
    if place == ".env":
        Path(".env").write_text(f"GOATFISH_{name}={value}\n")
    else:
        monkeypatch.setenv(f"GOATFISH_{name}", value)

    assert refused() == [f"GOATFISH_{name}_FILE: is given beside the setting itself: leave one of them out"]


def test_an_empty_setting_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    given("SECRET_KEY", SECRET, monkeypatch)
    monkeypatch.setenv("GOATFISH_SECRET_KEY", "")
    monkeypatch.setenv("GOATFISH_DATABASE_URL_FILE", "")

    assert load().secret_keys == [SECRET]


def test_content_obeys_the_rules_of_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    given("SECRET_KEY", "short\n", monkeypatch)

    assert refused() == ["GOATFISH_SECRET_KEY: must be at least 32 characters, got 5"]


def test_all_files_that_cannot_be_read_are_named_together(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setenv(f"GOATFISH_{name}_FILE", "/nowhere")

    said = "names /nowhere, which cannot be read: No such file or directory"
    assert sorted(refused()) == sorted(f"GOATFISH_{name}_FILE: {said}" for name in NAMES)
