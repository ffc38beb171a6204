"""The pages of docs/how-to as shell commands: each fenced block of a page as it stands, in order.

A ``bash`` block is run by bash, and a ``python`` block by Python, as a program of its own. A block whose first line (or
second, after ``#!``) is a comment of nothing but a file's name is written to that file. A ``text`` block shows what the
block before it prints.
"""

import os
import re
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.readme import has_shape, run_in_bash, shape
from tests.running_service import Live

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "how-to"
SOURCE = ROOT / "clients" / "python" / "src"
PROGRAMS = Path(__file__).parent / "programs"
"""Small stand-ins for what no test machine has: a batch system and two solvers."""
SHOWN_URL = "http://127.0.0.1:8000"
"""Where a page says that ``./run up`` listens."""
PROGRAM_LANGUAGES = {"bash", "python", "typescript"}
_BLOCK = re.compile(r"^```(.*)\n((?:.*\n)*?)^```$", re.MULTILINE)
_FILE = re.compile(r"(?:#!.*\n)?(?:#|//) ([\w./-]+\.\w+)\n")
_END = "END_OF_BLOCK"


class PageError(ValueError):
    """A page has a block that cannot be run."""


@dataclass(frozen=True)
class Example:
    """A command for bash, and what the page shows that it prints (None: it does not show it)."""

    command: str
    shown: str | None = None


def examples(page: str) -> list[Example]:
    """What a page, given as Markdown, has run. Raises ``PageError``."""
    found: list[Example] = []
    for language, text in _BLOCK.findall(page):
        if language == "text":
            if not found or found[-1].shown is not None:
                raise PageError(f"There is no program before this output:\n{text}")
            found[-1] = Example(found[-1].command, text.strip("\n"))
        elif language in PROGRAM_LANGUAGES:
            found.append(Example(_command(language, text)))
        else:
            raise PageError(f"Nobody knows how to run {language or 'a block without a language'}:\n{text}")
    return found


def _command(language: str, text: str) -> str:
    if _END in text:
        raise PageError(f"A block contains {_END}.")
    if named := _FILE.match(text):
        return f"cat >{shlex.quote(named[1])} <<'{_END}'\n{text}{_END}"
    if language == "python":
        return f"python <<'{_END}'\n{text}{_END}"
    if language == "bash":
        return text.strip("\n")
    raise PageError(f"Its first line has to name the file that it is:\n{text}")


def text_of(name: str) -> str:
    """A page of docs/how-to."""
    return (FOLDER / name).read_text(encoding="utf-8")


def check(page: str, directory: Path, env: Mapping[str, str]) -> None:
    """Run every example of a page, and compare what it prints. Raises ``AssertionError`` where one fails."""
    found = examples(page)
    # With -e, bash does not come to the last command where one fails.
    outputs = run_in_bash(["set -eo pipefail", *(example.command for example in found), ":"], directory, env)
    for example, output in zip(found, outputs[1:-1], strict=True):
        if (shown := example.shown) is not None:
            assert has_shape(output, shown), f"{example.command}\nprints\n{shape(output)}\nbut shown is\n{shown}"


def user(service: Live, directory: Path) -> dict[str, str]:
    """The environment of a new user of the service, an owner of their own, with the client on the path."""
    gf = [sys.executable, "-c", "import sys; from goatfish.commands import main; sys.exit(main())"]
    return {
        **_environment(directory, {"gf": gf}),
        "PYTHONPATH": str(SOURCE),
        "GOATFISH_URL": service.url,
        "GOATFISH_KEY": new_key(service, directory.name),
    }


def newcomer(service: Live, directory: Path) -> dict[str, str]:
    """That of somebody in a clone of the repository and a new virtual environment, with the key of ``./run up``."""
    (directory / "clients").symlink_to(ROOT / "clients")
    (directory / "var").mkdir()
    (directory / "var" / "demo.key").write_text(new_key(service, directory.name) + "\n")
    venv = directory / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    # Packages that the client needs, and those that build it, are there as if pip had fetched them.
    locked, installed = (Path(sysconfig.get_path("purelib", vars=each)) for each in ({}, {"base": str(venv)}))
    (installed / "locked.pth").write_text(f"{locked}\n")
    env = _environment(directory, {"pip": [str(venv / "bin" / "python"), "-m", "pip"]})
    env["PATH"] = os.pathsep.join([str(venv / "bin"), env["PATH"]])
    return env | {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def new_key(service: Live, owner: str) -> str:
    """The key of a new owner with this name."""
    service.goatfish("owner", "create", owner)
    return service.goatfish("key", "create", owner).stdout.strip()


def _environment(directory: Path, programs: Mapping[str, list[str]]) -> dict[str, str]:
    """Ours, without what is configured in it, and with a home and programs of its own."""
    folder, home = directory / ".programs", directory / ".home"
    folder.mkdir()
    home.mkdir()
    for name, command in programs.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
        (folder / name).chmod(0o755)
    hidden = ("GOATFISH_", "DJANGO_", "PYTHON", "XDG_", "SLURM_", "PBS_", "LSB_", "VIRTUAL_ENV")
    paths = [folder, PROGRAMS, Path(sys.executable).parent, os.environ.get("PATH", os.defpath)]
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(hidden)},
        "PATH": os.pathsep.join(map(str, paths)),
        "HOME": str(home),
        "TERM": "dumb",
        "COLUMNS": "100",
        "LC_ALL": "C.UTF-8",
        "MPLBACKEND": "agg",  # plots without a screen
    }
