"""A command passes through as if it had been started alone."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).parents[2] / "src"
DRIVER = """
import sys
from goatfish.commands.process import held_signals, run_command
with held_signals() as held:
    ended = run_command(sys.argv[1:], held)
names = [each.name for each in ended.interrupts]
print(ended.exit_code, ended.killed_by and ended.killed_by.name, names, ended.errors[-40:])
"""
READY = "import os, signal, sys, time; {}; print('ready', flush=True); time.sleep(30)"


def start(*argv: str, **options: Any) -> subprocess.Popen[str]:
    settings = {"env": {**os.environ, "PYTHONPATH": str(SOURCE)}, "start_new_session": True, **options}
    return subprocess.Popen([sys.executable, "-c", DRIVER, *argv], stdout=subprocess.PIPE, text=True, **settings)


def run(*argv: str, **options: Any) -> tuple[str, str]:
    """The standard output and error of a driven command."""
    with start(*argv, stderr=subprocess.PIPE, **options) as process:
        return process.communicate(timeout=20)


def test_streams_and_exit_code_pass_through() -> None:
    script = "import sys; print(sys.stdin.read()); print('bad', file=sys.stderr); sys.exit(7)"
    output, errors = run(sys.executable, "-c", script, stdin=subprocess.DEVNULL)
    assert output == "\n7 None [] b'bad\\n'\n"
    assert errors == "bad\n"


def test_standard_input_passes_through() -> None:
    with start("cat", stdin=subprocess.PIPE) as process:
        output, _ = process.communicate("hello\n", timeout=20)
    assert output.startswith("hello\n0 None")


def test_death_by_a_signal_is_told() -> None:
    output, _ = run("sh", "-c", "kill -SEGV $$")
    assert output.startswith("None SIGSEGV []")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_goes_on_to_the_command(number: signal.Signals) -> None:
    caught = f"signal.signal({int(number)}, lambda *_: (os.write(1, b'caught\\n'), sys.exit(5)))"
    with start(sys.executable, "-c", READY.format(caught)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        output, _ = process.communicate(timeout=20)
    interrupts = [] if number == signal.SIGUSR1 else [number.name]
    assert output == f"caught\n5 None {interrupts} b''\n"


def test_the_terminal_s_interrupt_reaches_the_command_once() -> None:
    caught = "signal.signal(2, lambda *_: os.write(1, b'caught\\n'))"
    script = f"import os, signal, time; {caught}; print('ready', flush=True); time.sleep(1)"
    text, status = in_terminal([sys.executable, "-c", DRIVER, sys.executable, "-c", script], press=b"\x03")
    assert status == 0
    assert text.count("caught") == 1
    assert "0 None ['SIGINT']" in text


def test_a_command_sees_a_terminal_where_there_is_one() -> None:
    script = "import sys; print('ready'); print(sys.stderr.isatty(), file=sys.stderr)"
    text, _ = in_terminal([sys.executable, "-c", DRIVER, sys.executable, "-c", script])
    assert "True" in text
    _, errors = run(sys.executable, "-c", script)
    assert errors == "False\n"


def test_ignored_signals_stay_ignored() -> None:
    script = "import signal; print(signal.getsignal(1) == signal.SIG_IGN, signal.getsignal(13) == signal.SIG_DFL)"
    restored = "import signal; signal.signal(13, signal.SIG_DFL);" + script.replace(
        "signal.getsignal(13)", "1 and signal.SIG_DFL"
    )
    output, _ = run("nohup", sys.executable, "-c", restored)
    assert output.startswith("True True")


def test_what_a_background_process_writes_later_is_not_lost(tmp_path: Path) -> None:
    wait = "while [ ! -e go ]; do sleep 0.05; done"
    script = f"({wait}; echo late >&2) & echo now >&2"
    with start("sh", "-c", script, stderr=subprocess.PIPE, cwd=tmp_path) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "0 None [] b'now\\n'\n"  # it does not wait for the background process
        (tmp_path / "go").touch()
        assert process.stderr.read() == "now\nlate\n"


def test_only_the_end_of_much_error_output_is_kept() -> None:
    script = "import sys; sys.stderr.write('x' * 3_000_000 + 'the end')"
    output, errors = run(sys.executable, "-c", script)
    assert len(errors) == 3_000_007
    assert output.endswith("the end'\n")


def test_a_command_that_is_not_there_cannot_be_started() -> None:
    _, errors = run("/no/such/solver")
    assert "FileNotFoundError" in errors


def in_terminal(argv: Sequence[str], press: bytes = b"") -> tuple[str, int]:
    """What a program writes at a terminal of its own, where these keys are pressed once it says that it is ready."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["PYTHONPATH"] = str(SOURCE)
        os.execv(argv[0], list(argv))
    text = b""
    pressed = not press
    try:
        while data := os.read(terminal, 4096):
            text += data
            if not pressed and b"ready" in text:
                os.write(terminal, press)
                pressed = True
    except OSError:
        pass  # the terminal's end
    os.close(terminal)
    return text.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
