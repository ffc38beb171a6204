"""A command passes through as if it had been started alone."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from goatfish.commands.process import INTERRUPTS

SOURCE = Path(__file__).parents[2] / "src"
DRIVER = """
import sys
from goatfish.commands.process import held_signals, run_command, signal_name
with held_signals() as held:
    ended = run_command(sys.argv[1:], held)
names = [each.name for each in ended.interrupts]
print(ended.exit_code, ended.killed_by and signal_name(ended.killed_by), names, ended.errors[-40:])
"""
READY = "import os, signal, sys, time; {}; print('ready', flush=True); time.sleep(30)"


def start(*argv: str, **options: Any) -> subprocess.Popen[str]:
    settings = {"env": {**os.environ, "PYTHONPATH": str(SOURCE)}, "start_new_session": True, **options}
    return subprocess.Popen([sys.executable, "-c", DRIVER, *argv], stdout=subprocess.PIPE, text=True, **settings)


def run(*argv: str, **options: Any) -> tuple[str, str]:
    """The standard output and error of a driven command."""
    with start(*argv, stderr=subprocess.PIPE, **options) as process:
        return process.communicate(timeout=60)


def test_streams_and_exit_code_pass_through() -> None:
    script = "import sys; print(sys.stdin.read()); print('bad', file=sys.stderr); sys.exit(7)"
    output, errors = run(sys.executable, "-c", script, stdin=subprocess.DEVNULL)
    assert output == "\n7 None [] b'bad\\n'\n"
    assert errors == "bad\n"


def test_standard_input_passes_through() -> None:
    with start("cat", stdin=subprocess.PIPE) as process:
        output, _ = process.communicate("hello\n", timeout=60)
    assert output.startswith("hello\n0 None")


def test_death_by_a_signal_is_told() -> None:
    output, _ = run("sh", "-c", "kill -SEGV $$")
    assert output.startswith("None SIGSEGV []")


def test_death_by_a_signal_without_a_name_is_told() -> None:
    output, _ = run(sys.executable, "-c", "import os; os.kill(os.getpid(), 40)")
    assert output.startswith("None signal 40 []")


def test_a_script_without_its_interpreter_s_line_is_run_by_the_shell(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text('echo "$0 $1"; exit 4')
    (tmp_path / "plain").chmod(0o700)
    assert run("./plain", "a b", cwd=tmp_path)[0].startswith("./plain a b\n4 None")
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    assert run("plain", "a", env=environment)[0].startswith(f"{tmp_path}/plain a\n4 None")


def test_the_stop_and_the_continuation_reach_the_command() -> None:
    # The command is in a process group whose leader has a parent outside: an orphaned one cannot be stopped.
    script = "print(os.getpid(), flush=True); signal.signal(15, lambda *_: sys.exit(6))"
    with start(sys.executable, "-c", READY.format(script), start_new_session=False, preexec_fn=os.setpgrp) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTSTP)
        assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
        assert state_of(child) == "T"
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    assert output == "6 None ['SIGTERM'] b''\n"


def state_of(process: int) -> str:
    return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]


def test_a_reader_that_is_slow_does_not_stop_the_command() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    script = "import sys; sys.stderr.write('x' * 300_000)"
    with start(sys.executable, "-c", script, stderr=writer) as process:
        os.close(writer)
        time.sleep(0.5)
        with open(reader, "rb") as errors:  # noqa: PTH123 -- a descriptor
            assert len(errors.read()) == 300_000
        assert process.stdout is not None
        assert process.stdout.read().startswith("0 None")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_an_interrupt_that_comes_too_late_is_an_exception(number: signal.Signals) -> None:
    script = f"""
import os, signal
from goatfish.commands.process import held_signals
with held_signals():
    os.kill(os.getpid(), {int(number)})
print("the command has ended")
try:
    os.kill(os.getpid(), {int(number)})
except KeyboardInterrupt:
    print("its end is recorded")
"""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "the command has ended\nits end is recorded\n"


@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGALRM, signal.SIGXCPU, signal.SIGWINCH, 40],
)
def test_a_signal_goes_on_to_the_command(number: int) -> None:
    caught = f"signal.signal({int(number)}, lambda *_: (os.write(1, b'caught\\n'), sys.exit(5)))"
    with start(sys.executable, "-c", READY.format(caught)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
    interrupts = [number.name] if isinstance(number, signal.Signals) and number in INTERRUPTS else []
    assert output == f"caught\n5 None {interrupts} b''\n"


def test_a_signal_that_comes_too_late_for_the_command_is_ignored() -> None:
    script = """
import os, signal
from goatfish.commands.process import held_signals
with held_signals():
    os.kill(os.getpid(), signal.SIGUSR1)
os.kill(os.getpid(), signal.SIGALRM)
print("its end is recorded")
"""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "its end is recorded\n"


def test_a_terminal_that_ends_under_the_first_process_of_its_session(tmp_path: Path) -> None:
    told = f"signal.signal(1, lambda *_: (open({str(tmp_path / 'told')!r}, 'x'), sys.exit()))"
    child, terminal = pty.fork()
    if child == 0:
        os.environ["PYTHONPATH"] = str(SOURCE)
        os.execv(sys.executable, [sys.executable, "-c", DRIVER, sys.executable, "-c", READY.format(told)])
    while b"ready" not in os.read(terminal, 100):
        pass
    os.close(terminal)
    os.waitpid(child, 0)
    assert (tmp_path / "told").exists()


def test_a_terminal_that_gets_another_size() -> None:
    told = "signal.signal(28, lambda *_: os.write(1, b'size %d %d' % os.get_terminal_size(2)))"
    script = f"import os, signal, sys; {told}; print('ready', flush=True); sys.stdin.readline(); print('end')"
    command = [sys.executable, "-c", DRIVER, sys.executable, "-c", script]
    text, status = in_terminal(command, size=(40, 60), until=b"size 60 40", press=b"\n")
    assert status == 0
    assert "size 60 40" in text


def test_the_terminal_s_interrupt_reaches_the_command_once() -> None:
    caught = "signal.signal(2, lambda *_: came.append(os.write(1, b'caught\\n')))"
    script = f"import os, signal, time\ncame = []; {caught}; print('ready', flush=True)"
    script += "\nwhile not came: time.sleep(0.02)\ntime.sleep(0.5)"  # in which a second one would come
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


def in_terminal(
    argv: Sequence[str], press: bytes = b"", size: tuple[int, int] | None = None, until: bytes = b"ready"
) -> tuple[str, int]:
    """What a program writes at a terminal of its own.

    Once it says that it is ready, the terminal gets this size, if any; and once it says ``until``, these keys are
    pressed.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["PYTHONPATH"] = str(SOURCE)
        os.execv(argv[0], list(argv))
    text = b""
    pressed = not press
    try:
        while data := os.read(terminal, 4096):
            text += data
            if size is not None and b"ready" in text:
                fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", *size, 0, 0))
                size = None
            if not pressed and until in text:
                os.write(terminal, press)
                pressed = True
    except OSError:
        pass  # the terminal's end
    os.close(terminal)
    return text.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
