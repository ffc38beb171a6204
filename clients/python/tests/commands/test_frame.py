"""The frame of ``gf``: its arguments, exit statuses, and failures in one line."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from clients.python.tests.commands.running import SOURCES, Gf

from goatfish import errors
from goatfish.commands import frame
from goatfish.commands.exits import CommandFailed


def test_without_arguments_it_helps(gf: Gf) -> None:
    ended = gf()
    assert ended.status == 2
    assert ended.out == ""
    assert all(name in ended.err for name in frame.COMMANDS)


@pytest.mark.parametrize("command", ["", *frame.COMMANDS])
def test_help(gf: Gf, command: str) -> None:
    ended = gf(*command.split(), "--help")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith(f"usage: gf {command}".rstrip())
    assert "exit status" in ended.out.lower() or command


def test_version(gf: Gf) -> None:
    assert gf("--version").out == "gf 0.1.0\n"


def test_what_asks_no_service_loads_no_http() -> None:
    program = """if True:
        import sys
        from goatfish.commands import main
        for command in ("--version", "--help", "runs --help", "completion bash", "completion zsh", "completion fish"):
            assert main(command.split()) == 0
        sys.exit(", ".join(sys.modules.keys() & {"httpx", "httpx2", "anyio", "asyncio", "ssl"}))
    """
    env = {**os.environ, "PYTHONPATH": str(SOURCES)}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["run s"],
        ["runs", "--nothing"],
        ["runs", "--lim", "3"],
        ["runs", "extra"],
        ["runs", "--limit"],
        ["runs", "-n", "0"],
        ["runs", "-n", "-1"],
        ["runs", "-n", "1.5"],
        ["runs", "-n", "²"],
        ["runs", "-n", "9" * 30],
        ["runs", "-n", "3", "--all"],
        ["runs", "--json", "--csv"],
        ["runs", "--status", "done"],
        ["runs", "--status", "failed,"],
        ["runs", "--name", ""],
        ["runs", "--name", " "],
        ["runs", "-s", "\udcff"],
        ["show"],
        ["show", "\udcff"],
        ["compare"],
        ["compare", "last"],
        ["follow", "--interval", "0"],
        ["follow", "--interval", "nan"],
        ["follow", "--interval", "-1"],
        ["follow", "--since", "2026-99-99"],
        ["export"],
        ["completion"],
        ["completion", "tcsh"],
        ["completion", "bash", "--names", "runs"],
        ["runs", "--url", "goatfish.example"],
        ["runs", "--url", "ftp://goatfish.example"],
        ["--url", "http://", "runs"],
        ["runs", "--key-file", "/nothing/here", "--key-file"],
        ["\x1b[31m"],
        ["runs\u202e"],
        ["runs", "a\nb"],
    ],
)
def test_usage(gf: Gf, arguments: list[str]) -> None:
    ended = gf(*arguments)
    assert ended.status == 2
    assert ended.out == ""
    assert ended.err.startswith("gf")
    assert ended.err.count("\n") == 1
    assert ended.err[:-1].isprintable()


def test_values_that_begin_with_a_dash(gf: Gf) -> None:
    for sort in ("-created_at", "-name", "-start_date", "-results.c-l", "-parameters.n"):
        assert gf("runs", "--sort", sort).status == 4, sort  # nobody is signed in: the arguments are fine
        assert gf("sims", f"--sort={sort}", "--json").status == 4
    assert gf("follow", "--since", "-Z9_cursor", "--json").status == 4
    assert (
        gf("follow", "--since", "--json").status
        == gf("runs", "--sort").status
        == gf("runs", "--sort", "-n").status
        == 2
    )
    assert gf("runs", "-name", "x").status == 2


def test_without_a_configuration(gf: Gf) -> None:
    ended = gf("runs")
    assert ended.status == 4
    assert "gf login" in ended.err
    assert ended.err.count("\n") == 1


def test_without_a_home(gf: Gf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    ended = gf("runs")
    assert ended.status == 4
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("content", ["url = 1", "url = ", "\x00", "[", 'url = "goatfish.example"', 'url = "http://h"'])
def test_a_broken_configuration(gf: Gf, home: Path, content: str) -> None:
    file = home / ".config" / "goatfish.toml"
    file.parent.mkdir()
    file.write_text(content)
    ended = gf("runs")
    assert ended.status == 4
    assert ended.err.count("\n") == 1
    assert "Traceback" not in ended.err


def test_a_key_from_a_file(gf: Gf, tmp_path: Path) -> None:
    file = tmp_path / "key"
    for content in ("", "  \n", "two keys", "a\nb"):
        file.write_text(content)
        assert gf("runs", "--url", "http://127.0.0.1:1", "--key-file", str(file)).status == 2
    ended = gf("runs", "--url", "http://127.0.0.1:1", "--key-file", str(tmp_path / "missing"))
    assert ended.status == 1
    assert ended.err == f"gf: {tmp_path / 'missing'}: No such file or directory\n"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.APIError(401, "unauthenticated"), 4),
        (errors.PermissionDenied(403, "missing_scope"), 4),
        (errors.NotFound(404, "run_not_found"), 1),
        (errors.RateLimited(429, "rate_limited"), 1),
        (errors.ServerError(500, "internal_error"), 1),
        (errors.ServerError(502), 3),
        (errors.Unavailable(503, "unavailable"), 3),
        (errors.ServerError(504), 3),
        (errors.ConnectionFailed("gone"), 3),
        (errors.TimedOut("late"), 3),
        (errors.ConfigurationError("no key"), 4),
        (CommandFailed("nothing there"), 1),
        (CommandFailed("wrong", 2), 2),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 141),
        (OSError(errno.ENOSPC, "No space left on device"), 1),
        (KeyboardInterrupt(), 130),
        (ValueError("a bug\n\x1b[31m"), 1),
        (RecursionError(), 1),
    ],
)
def test_every_failure_is_a_line_and_a_status(
    gf: Gf, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int
) -> None:
    def fail(_: object) -> int:
        raise error

    monkeypatch.setattr(frame, "dispatch", fail)
    ended = gf("runs")
    assert ended.status == status
    assert ended.out == ""
    silent = isinstance(error, (KeyboardInterrupt, BrokenPipeError))
    assert ended.err.count("\n") == (0 if silent else 1)
    assert ended.err.rstrip("\n").isprintable()


def test_a_bug_can_be_seen(gf: Gf, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> int:
        raise ValueError("a bug")

    monkeypatch.setattr(frame, "dispatch", fail)
    monkeypatch.setenv("GOATFISH_TRACEBACK", "1")
    with pytest.raises(ValueError, match="a bug"):
        gf("runs")


def test_all_wrong_values_are_in_the_line(gf: Gf, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = [errors.ProblemError("a", "is wrong", parameter="where"), errors.ProblemError("b", "too", parameter="sort")]

    def fail(_: object) -> int:
        raise errors.InvalidRequest(422, "validation_failed", "Validation failed", "", wrong)

    monkeypatch.setattr(frame, "dispatch", fail)
    ended = gf("runs")
    assert ended.status == 2
    assert ended.err == "gf: argument --where: is wrong; argument --sort: too (try gf --help)\n"
    wrong.append(errors.ProblemError("c", "as well", pointer="#/name"))
    ended = gf("runs")
    assert ended.status == 1
    assert ended.err == "gf: Validation failed (422 validation_failed): where: is wrong; sort: too; #/name: as well\n"


def test_without_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert frame.main(["--version"]) == 1
    assert frame.main(["nothing"]) == 2
