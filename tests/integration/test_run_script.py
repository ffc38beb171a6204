"""The ./run script: commands, clean environments, pytest arguments; and the lock files."""

import importlib.util
import os
import re
import sys
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    loader = SourceFileLoader("run_script", str(ROOT / "run"))
    spec = importlib.util.spec_from_loader("run_script", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_an_unknown_command_lists_the_commands(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main(["tset"]) == 2
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == list(script.COMMANDS)


def test_the_test_environment_excludes_real_settings(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOATFISH_DATABASE_URL", "postgresql://production/goatfish")
    monkeypatch.setenv("GOATFISH_OPERATOR_DATABASE_URL", "postgresql://production/goatfish")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "production")

    assert "production" not in script.clean_environment().values()
    assert "postgresql://production/goatfish" not in script.clean_environment("sqlite:///x").values()


def test_arguments_are_passed_to_the_suites(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, list[str]]] = []
    nothing = dict.fromkeys(("unit", "memory", "edge", "openapi", "client", "how-to"), script.NOTHING_SELECTED)
    statuses: dict[str, int] = {**nothing, "sqlite": 0, "postgres": 1}

    def run_suite(suite: str, args: list[str]) -> int:
        calls.append((suite, args))
        return statuses[suite]

    monkeypatch.setattr(script, "environment", lambda name: None)
    for suite in statuses:
        monkeypatch.setitem(script.SUITES, suite, partial(run_suite, suite))

    assert script.main(["test", "sqlite", "-k", "x"]) == 0
    assert script.main(["test", "unit"]) == 1, "a suite without tests has not passed"
    assert script.main(["test", "unit", "-k", "x"]) == 1, "nothing was selected at all"
    assert script.main(["test", "-k", "x"]) == 1
    assert calls[:3] == [("sqlite", ["-k", "x"]), ("unit", []), ("unit", ["-k", "x"])]
    assert sorted(calls[3:]) == [(suite, ["-k", "x"]) for suite in sorted(statuses)]


def test_a_path_replaces_the_folder_of_the_suite(script: ModuleType) -> None:
    def after_pytest(*options: str) -> list[str]:
        command: list[str] = script.pytest("tests/integration", list(options))
        return command[command.index("pytest") + 1 :]

    whole, file = "tests/integration", "tests/integration/test_run_script.py"
    assert after_pytest() == [whole]
    assert after_pytest("-k", "x") == [whole, "-k", "x"]
    assert after_pytest("-k", "docs") == [whole, "-k", "docs"]
    assert after_pytest(file, "-s") == [file, "-s"]
    assert after_pytest(f"{file}::test_x") == [f"{file}::test_x"]
    assert after_pytest(str(ROOT / file)) == [str(ROOT / file)]


def test_background_output_is_printed_at_its_turn(script: ModuleType, capfd: pytest.CaptureFixture[str]) -> None:
    with script.in_background(partial(script.succeeds, [sys.executable, "-c", "print('done')"])) as end:
        os.write(1, b"meanwhile\n")
        assert end()
    before, _ = capfd.readouterr().out.split("done")
    assert "meanwhile" in before
    with script.in_background(partial(script.succeeds, [sys.executable, "-c", "exit(1)"])) as end:
        assert not end()


@pytest.mark.parametrize("failing", ["", "one", "other", "rest"])
def test_a_suite_in_parts_passes_if_each_part_does(script: ModuleType, failing: str) -> None:
    asked: list[str] = []

    def run(options: list[str]) -> int:
        asked.append(options[-1])
        return int(options[-1] == failing)

    assert script.in_parts(run, [], "one", "other", "rest") == int(failing != "")
    assert sorted(asked) == ["one", "other", "rest"]
    assert script.in_parts(run, ["-k", "x"], "one", "other") == 0
    assert asked[3:] == ["x"]


@pytest.mark.parametrize("name", ["base", "dev"])
def test_a_lock_file_pins_by_hash_and_contains_no_url(name: str) -> None:
    lock = (ROOT / "requirements" / f"{name}.txt").read_text()

    assert "://" not in lock
    header, *pins = re.split(r"^(?=\w)", lock, flags=re.MULTILINE)
    assert header.startswith("#")
    assert pins
    assert all("==" in pin and "--hash=sha256:" in pin for pin in pins)
