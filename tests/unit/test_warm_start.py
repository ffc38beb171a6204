"""Commands that are forked from a warm process behave like commands that are started as usual."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.restartable import PATIENCE, wait_until
from tests.stand_in import LOST
from tests.warm_start import python

SLEEP = "import sys, time; sys.stdout.write('here\\n'); sys.stdout.flush(); time.sleep(300)"


def start(code: str, **more: str) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | more
    return subprocess.Popen(python("-c", code), stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=env)


def test_output_input_environment_and_status_pass_through() -> None:
    code = "import os, sys; print(os.environ['WORD'], sys.stdin.read()); print('!', file=sys.stderr); sys.exit(7)"
    with start(code, WORD="said") as process:
        assert process.communicate("read", timeout=PATIENCE) == ("said read\n", "!\n")
    assert process.returncode == 7


def test_uncaught_exception_ends_with_a_traceback_and_status_1() -> None:
    with start("raise ValueError('x')") as process:
        assert "ValueError: x" in process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 1


@pytest.mark.parametrize(
    ("code", "status", "errors"),
    [("sys.exit()", 0, ""), ("sys.exit('why')", 1, "why\n"), ("sys.exit(258)", 2, ""), ("pass", 0, "")],
)
def test_exit_functions_run_and_output_is_written_whatever_the_status(code: str, status: int, errors: str) -> None:
    with start(f"import atexit, sys\natexit.register(print, 'last')\nprint('first')\n{code}") as process:
        assert process.communicate(timeout=PATIENCE) == ("first\nlast\n", errors)
    assert process.returncode == status


@pytest.mark.parametrize(("closed", "gone"), [("<&-", "stdin"), (">&-", "stdout"), ("<&- 2>&-", "stderr stdin")])
def test_closed_streams_are_as_where_python_starts_with_them(closed: str, gone: str, tmp_path: Path) -> None:
    file = tmp_path / "found"
    look = "import os, sys; names = ('stderr', 'stdin', 'stdout'); found = [n for n in names if not getattr(sys, n)]"
    code = f"{look}; open({str(file)!r}, 'w').write(' '.join(found)); os.fstat(1)"
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    said = []
    for command in ([sys.executable, "-c", code], python("-c", code)):
        shell = ["/bin/sh", "-c", f'exec "$0" "$@" {closed}', *command]
        done = subprocess.run(shell, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert file.read_text() == gone
        said.append((done.returncode, done.stdout, done.stderr.splitlines()[-1:]))
    assert said[0] == said[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_signal_ends_the_command_and_its_stand_in_alike(number: signal.Signals) -> None:
    with start(SLEEP) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(number)
        assert process.wait(PATIENCE) == -number


def test_command_of_a_killed_stand_in_is_killed() -> None:
    with start("import os; print(os.getpid(), flush=True); import time; time.sleep(300)") as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.kill()
        process.wait(PATIENCE)
    wait_until(lambda: not _runs(pid), "the command is gone")


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_lost_command_is_no_success() -> None:
    with start(f"import os; os.kill(os.getppid(), {int(signal.SIGKILL)}); os._exit(0)") as process:
        assert "lost" in process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == LOST


def test_environment_that_configures_python_is_obeyed() -> None:
    with start("import warnings; warnings.warn('x')", PYTHONWARNINGS="error") as process:
        assert "UserWarning: x" in process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 1
