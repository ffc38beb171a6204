"""Completion in a real bash, and the scripts for the others."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from clients.python.tests.commands.running import Gf

from goatfish.commands import frame, shells

HOSTILE = [
    "Wing flutter",
    "Wing $(touch executed)",
    "Wing `touch executed`",
    "Wing 'a' \"b\"",
    "Wing \\ * ; & |",
    "翼 1",
]
BASH = shutil.which("bash") or "bash"


@pytest.fixture(scope="module")
def scripts() -> dict[str, str]:
    parser = frame.parser()
    return {"bash": shells.bash(parser), "zsh": shells.zsh(parser), "fish": shells.fish(parser)}


@pytest.fixture
def complete(scripts: dict[str, str], tmp_path: Path) -> object:
    """What bash offers for the last of these words."""
    stub = tmp_path / "bin" / "gf"
    stub.parent.mkdir()
    stub.write_text("#!/bin/sh\ncat <<'END'\n" + "\n".join(HOSTILE) + "\nEND\n")
    stub.chmod(0o755)

    def offered(*words: str) -> list[str]:
        program = f"""
            {scripts["bash"]}
            COMP_WORDS=({" ".join(map(shlex.quote, words))}) COMP_CWORD={len(words) - 1}
            _gf
            for each in "${{COMPREPLY[@]}}"; do printf '%s\\n' "$each"; done
        """
        env = {**os.environ, "PATH": f"{stub.parent}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            [BASH, "-u", "-c", program], env=env, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        assert not (tmp_path / "executed").exists()
        return done.stdout.splitlines()

    return offered


def test_commands_and_options(complete: object) -> None:
    assert callable(complete)
    assert complete("gf", "") == list(frame.COMMANDS)
    assert complete("gf", "s") == [name for name in frame.COMMANDS if name.startswith("s")]
    assert complete("gf", "--url", "http://x", "comp") == ["compare", "completion"]
    assert complete("gf", "runs", "--l") == ["--label", "--limit"]
    assert complete("gf", "runs", "--status", "") == ["queued", "running", "succeeded", "failed", "cancelled"]
    assert complete("gf", "runs", "--status", "=", "f") == ["failed"]
    assert complete("gf", "runs", "--sort", "-c") == ["-created_at"]
    assert complete("gf", "completion", "") == ["bash", "fish", "zsh"]
    assert complete("gf", "runs", "--name", "") == []
    assert complete("gf", "nothing", "") == []


def test_names_are_quoted_and_never_run(complete: object, tmp_path: Path) -> None:
    assert callable(complete)
    for words in (["gf", "runs", "-s", ""], ["gf", "show", ""], ["gf", "export", ""], ["gf", "show", "--json", ""]):
        offered = complete(*words)
        assert len(offered) == len(HOSTILE)
        line = f"printf '%s\\n' {' '.join(offered)}"
        done = subprocess.run([BASH, "-c", line], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines() == HOSTILE
        assert not (tmp_path / "executed").exists()
    assert complete("gf", "show", "Wing\\ f") == ["Wing\\ flutter"]
    assert complete("gf", "show", "'Wing f") == ["Wing flutter"]
    assert complete("gf", "show", '"Wing ') == ["Wing flutter"]  # others would be run, or end the quotes


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_and_option(gf: Gf, scripts: dict[str, str], shell: str) -> None:
    script = scripts[shell]
    assert gf("completion", shell).out == script
    for name, grammar in shells.grammars(frame.parser()).items():
        assert name in script
        for option in grammar.options:
            assert (option if shell != "fish" else option.lstrip("-")) in script
    assert "%(" not in script


def test_every_value_has_a_kind() -> None:
    kinds = {
        (name, option): kind
        for name, grammar in shells.grammars(frame.parser()).items()
        for option, kind in grammar.values.items()
    }
    assert kinds["runs", "--simulation"] == kinds["runs", "-s"] == "simulations"
    assert kinds["export", "--output"] == kinds["follow", "--cursor-file"] == kinds["", "--key-file"] == "files"
