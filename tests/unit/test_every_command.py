"""How commands end where their arguments or their output cannot be encoded or written."""

import errno
import io
import sys
from collections.abc import Callable
from contextlib import suppress

import pytest
from typer._completion_shared import get_completion_script
from typer.testing import CliRunner, Result

from app.cli import _complete_at_once
from app.cli.commands import commands
from app.cli.streams import checked_streams
from app.cli.terminal import print_result
from tests.command_table import every_command, names


def goatfish(*arguments: str) -> Result:
    return CliRunner().invoke(commands, arguments)


@pytest.mark.parametrize("command", every_command(), ids=names())
def test_arguments_that_are_not_utf_8_are_one_line(command: tuple[str, ...]) -> None:
    for arguments in ((*command, "caf\udce9"), (command[0], "\udcff", *command[1:])):
        done = goatfish(*arguments)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith("The argument '")
        assert done.stderr.endswith(" is not UTF-8.\n")
        assert done.stderr.count("\n") == 1


def test_arguments_in_utf_8_are_read_whatever_the_locale() -> None:
    assert goatfish("caf\udcc3\udca9").stderr.count("'café'") == 1


class Full(io.RawIOBase):
    """A file that nothing can be written to."""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def ended(work: Callable[[], object]) -> int:
    with pytest.raises(SystemExit) as caught:
        work()
    return int(caught.value.code or 0)


@pytest.mark.parametrize("command", names())
def test_help_that_cannot_be_written_is_one_line(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if command == "django":
        return  # its help is Django's
    unusable = io.TextIOWrapper(io.BufferedWriter(Full()), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", unusable)
    assert ended(lambda: commands([*command.split(), "--help"])) == 1
    assert capsys.readouterr().err == "The output cannot be written: No space left on device\n"
    with suppress(OSError):
        unusable.close()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize("command", names())
def test_help_can_be_read_at_any_terminal(command: str, encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if command == "django":
        return
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    assert ended(lambda: commands([*command.split(), "--help"])) == 0
    assert b"Usage" in written.getvalue()


def test_results_that_cannot_be_encoded_are_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def show() -> None:
        with checked_streams():
            print_result("Caf\xe9")
            print_result("\u03a9")

    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="latin-1"))
    assert ended(show) == 1
    line = "'\\u03a9' cannot be encoded as latin-1. Try again with PYTHONIOENCODING=utf-8.\n"
    assert capsys.readouterr().err == line
    assert written.getvalue() == b"Caf\xe9\n"


def test_a_terminal_shows_what_it_cannot_encode_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.BytesIO):
        def isatty(self) -> bool:
            return True

    written = Terminal()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="latin-1"))
    with checked_streams():
        print_result("\u03a9")
    assert written.getvalue() == b"\\u03a9\n"


def test_input_that_is_not_text_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def read() -> None:
        with checked_streams():
            b"caf\xe9".decode()

    assert ended(read) == 1
    assert capsys.readouterr().err == "The input is not utf-8: byte 0xe9 at position 3.\n"


def test_a_file_that_cannot_be_read_is_named(capsys: pytest.CaptureFixture[str], tmp_path: object) -> None:
    def read() -> None:
        with checked_streams():
            open(str(tmp_path))  # noqa: PTH123, SIM115 -- whatever fails

    assert ended(read) == 1
    assert capsys.readouterr().err == f"{tmp_path}: Is a directory\n"


def test_completion_for_zsh_completes_at_the_first_tab() -> None:
    """zsh calls what it has just loaded, which by itself would only register the function."""
    _complete_at_once()
    script = get_completion_script(prog_name="goatfish", complete_var="_GOATFISH_COMPLETE", shell="zsh")
    when_loading = 'then\n  _goatfish_completion "$@"\nelse\n  compdef _goatfish_completion goatfish\nfi'
    assert script.endswith(when_loading)
    assert script.startswith("#compdef goatfish\n")
