"""`gf run` and `gf sync` as processes, with a real service on PostgreSQL and a network that fails."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clients.python.tests.commands.running import AS_PROCESS, SOURCES
from clients.python.tests.relay import Relay

import goatfish
from tests import warm_start

READY = "import signal, sys, time; {}; print('ready', flush=True); time.sleep(30)"
ARRAY = """
import os, sys
import goatfish.recording.delivery, goatfish.sync_api.client
from goatfish.commands import frame, main
from goatfish.http.library import httpx
frame.parser(), httpx.Client().close()  # imported once, not by each job
jobs = []
for task in range(int(sys.argv[1])):
    job = os.fork()
    if job == 0:
        os.environ |= {"SLURM_JOB_ID": f"9{task}", "SLURM_ARRAY_JOB_ID": "77", "SLURM_ARRAY_TASK_ID": f"{task}"}
        os._exit(main(["run", "-q", "-s", sys.argv[2], "-p", f"task={task}", "--no-capture", "git", "--", "true"]))
    jobs.append(job)
sys.exit(sum(os.waitstatus_to_exitcode(os.waitpid(job, 0)[1]) for job in jobs))
"""
TASKS = int(os.environ.get("ARRAY_TASKS", "60"))
"""Jobs of an array at once; ``ARRAY_TASKS=200 ./run test client -k job_array`` tries more."""


class Desk:
    """A folder to work in, with `gf` signed in through a network that may fail, and the library for looking."""

    def __init__(self, folder: Path, relay: Relay, key: str, client: goatfish.Client, simulation: str) -> None:
        self.folder = folder
        self.spool = folder / "spool"
        self.relay = relay
        self.client = client
        self.simulation = simulation
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(SOURCES),
            "GOATFISH_URL": relay.url,
            "GOATFISH_KEY": key,
            "GOATFISH_SPOOL": str(self.spool),
        }

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        settings: dict[str, Any] = {
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            "cwd": self.folder,
            "env": self.environment,
            "start_new_session": True,
        }
        return subprocess.Popen([*AS_PROCESS, *arguments], **{**settings, **options})

    def gf(self, *arguments: str) -> tuple[int, str, str]:
        """The exit status, standard output and error of a `gf`, from a process that has imported it."""
        environment = {name: value for name, value in self.environment.items() if not name.startswith("PYTHON")}
        command = warm_start.gf(*arguments)
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, done.stdout, done.stderr

    def record(self, *argv: str, options: tuple[str, ...] = ()) -> tuple[int, str, str]:
        return self.gf("run", "-s", self.simulation, *options, "--", *argv)

    def start_waiting(self, reaction: str = "pass") -> subprocess.Popen[str]:
        """A recorded Python that waits, once it has said that it is ready."""
        process = self.start("run", "-s", self.simulation, "--", sys.executable, "-c", READY.format(reaction))
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    def runs(self) -> list[goatfish.Run]:
        found = self.client.simulations.find(self.simulation)
        return list(self.client.runs.list(simulation_id=found.id)) if found else []

    def run(self) -> goatfish.Run:
        (run,) = self.runs()
        return run

    def kept(self) -> list[str]:
        return sorted(path.name for path in self.spool.glob("*.jsonl"))


@pytest.fixture
def desk(tmp_path: Path, real: Any, unique: str) -> Iterator[Desk]:
    relay = Relay(real.url)
    with real.client() as client:
        yield Desk(tmp_path, relay, real.key, client, unique)
    relay.away()


def test_a_command_is_recorded(desk: Desk) -> None:
    script = (
        "import json; json.dump({'cl': 1.2, 'cd': [0.02, None]}, open('r.json', 'w')); open('log.1', 'w').write('x')"
    )
    options = ("-p", "alpha=12deg", "-p", "mesh=fine", "-l", "project=wing", "--result-file", "r.json", "-n", "first")
    code, out, err = desk.record(
        sys.executable, "-c", f"{script}; print('hello')", options=(*options, "--artifact", "log.*", "--solver", "own")
    )
    run = desk.run()
    assert (code, out, err) == (0, "hello\n", f"gf: recorded as {run.id}\n")
    assert (run.status, run.status_reason, run.name, run.solver) == ("succeeded", None, "first", "own")
    assert run.parameters["alpha"] == goatfish.Quantity(12, "deg")
    assert run.parameters["mesh"].value == "fine"
    assert {key: each.value for key, each in run.results.items()} == {"cl": 1.2, "cd": 0.02}
    assert run.labels["project"] == "wing"
    assert run.labels["exit_code"] == "0"
    (artifact,) = run.artifacts
    assert (artifact.name, artifact.bytes) == ("log.1", 1)
    assert artifact.sha256 == hashlib.sha256(b"x").hexdigest()
    assert run.started_at is not None
    assert run.finished_at is not None
    assert run.started_at <= run.finished_at
    assert desk.kept() == []


def test_a_failure_is_recorded_with_its_last_words(desk: Desk) -> None:
    code, out, err = desk.record("sh", "-c", "echo out; echo diverged >&2; exit 3")
    run = desk.run()
    assert (code, out) == (3, "out\n")
    assert err == f"diverged\ngf: recorded as {run.id}\n"
    assert (run.status, run.status_reason) == ("failed", "exit code 3\ndiverged")
    assert run.labels["exit_code"] == "3"


def test_a_command_that_is_not_there_is_a_failed_run(desk: Desk) -> None:
    (desk.folder / "data").write_text("no program")
    assert desk.record("./no-solver")[0] == 127
    assert desk.run().status_reason == "cannot be started: No such file or directory"
    assert desk.record("./data")[0] == 126
    assert desk.record("")[0] == 127
    found = [(run.status, run.labels["exit_code"]) for run in desk.runs()]
    assert found == [("failed", "127"), ("failed", "126"), ("failed", "127")]
    assert desk.kept() == []


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, -2), (signal.SIGTERM, 128 + 15)])
def test_an_interrupted_run_is_cancelled(desk: Desk, number: signal.Signals, status: int) -> None:
    with desk.start_waiting("signal.signal(2, signal.SIG_DFL)") as process:
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == status
    run = desk.run()
    assert (run.status, run.status_reason) == ("cancelled", f"interrupted by {number.name}")
    assert run.labels["exit_code"] == str(128 + number)


def test_a_command_s_own_crash_is_a_failure(desk: Desk) -> None:
    assert desk.record("sh", "-c", "kill -SEGV $$")[0] == 128 + 11
    run = desk.run()
    assert (run.status, run.status_reason, run.labels["exit_code"]) == ("failed", "killed by SIGSEGV", "139")


def test_a_killed_run_is_ended_by_sync(desk: Desk) -> None:
    with desk.start_waiting() as process:
        group = os.getpgid(process.pid)
        process.kill()
        process.wait(timeout=60)
        os.killpg(group, signal.SIGKILL)
    code, out, _ = desk.gf("sync")
    assert code == 0
    assert "lost" in out
    run = desk.run()
    assert run.status == "failed"
    assert run.status_reason is not None
    assert run.status_reason.startswith("lost")
    assert desk.kept() == []


def test_a_running_run_is_left_alone_by_sync(desk: Desk) -> None:
    with desk.start_waiting() as process:
        code, _, err = desk.gf("sync")
        assert code == 0
        assert "waiting" in err
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert desk.run().status == "cancelled"


def test_runs_are_kept_while_the_service_is_away(desk: Desk) -> None:
    desk.relay.away()
    code, out, err = desk.record("sh", "-c", "echo out; exit 5")
    assert (code, out) == (5, "out\n")
    assert "gf sync sends it" in err
    assert len(desk.kept()) == 1
    assert desk.gf("sync")[0] == 3
    desk.relay.back()
    assert desk.gf("sync")[0] == 0
    assert (desk.run().status, desk.kept()) == ("failed", [])
    assert desk.gf("sync")[1] == "nothing to send\n"


def test_nothing_is_said_of_the_recording_where_that_is_wanted(desk: Desk) -> None:
    desk.relay.away()
    desk.environment["XDG_CONFIG_HOME"] = str(desk.folder)
    options = ("-q", "--no-wait", "-p", "alpha=none \x01", "--result-file", "r.json", "--artifact", "*.vtk")
    assert desk.record("sh", "-c", "echo out; echo err >&2", options=options) == (0, "out\n", "err\n")
    assert len(desk.kept()) == 1
    assert desk.record("/no/such/solver", options=options)[2] == "gf: /no/such/solver: No such file or directory\n"


@pytest.mark.parametrize("answered", [False, True], ids=["unanswered", "answered"])
@pytest.mark.parametrize("at", ["POST /api/v1/simulations", "POST /api/v1/runs", '"succeeded"'])
def test_the_service_may_go_away_at_each_moment(desk: Desk, at: str, answered: bool) -> None:
    desk.relay.break_at(at, answered=answered)
    go = desk.folder / "go"
    script = f"import pathlib, time; p = pathlib.Path({str(go)!r})\nwhile not p.exists(): time.sleep(0.02)"
    with desk.start("run", "-q", "-s", desk.simulation, "--", sys.executable, "-c", script) as process:
        if at != '"succeeded"':
            assert desk.relay.broke.wait(60)
        go.touch()
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert desk.relay.broke.is_set()
    assert len(desk.kept()) == 1
    desk.relay.back()
    assert desk.gf("sync")[0] == 0
    assert (desk.run().status, desk.kept()) == ("succeeded", [])


def test_the_service_may_come_back_while_the_command_runs(desk: Desk) -> None:
    desk.relay.away()
    with desk.start_waiting("signal.signal(15, lambda *_: sys.exit(0))") as process:
        desk.relay.back()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    desk.gf("sync")
    assert desk.run().status == "cancelled"


def test_a_job_array_records_every_run_once_in_one_simulation(desk: Desk, real: Any) -> None:
    argv = [sys.executable, "-c", ARRAY, str(TASKS), desk.simulation]
    desk.environment["GOATFISH_URL"] = real.url
    subprocess.run(argv, env=desk.environment, check=True, timeout=120)
    desk.gf("sync", "-q")  # what was not sent in time
    runs = desk.runs()
    assert sorted(str(run.external_id) for run in runs) == sorted(f"slurm-77_{task}" for task in range(TASKS))
    assert {run.status for run in runs} == {"succeeded"}
    assert {run.parameters["task"].value for run in runs} == set(range(TASKS))
    assert len(list(desk.client.simulations.list(name=desk.simulation))) == 1
    assert desk.kept() == []


def test_runs_are_kept_without_an_address_or_a_key(desk: Desk) -> None:
    environment = {key: value for key, value in desk.environment.items() if key not in {"GOATFISH_URL", "GOATFISH_KEY"}}
    with desk.start("run", "-s", desk.simulation, "--", "true", env=environment) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "signed in" in err
    assert desk.gf("sync")[0] == 0
    assert desk.run().status == "succeeded"


def test_a_refused_key_is_said_and_the_run_is_kept(desk: Desk) -> None:
    environment = {**desk.environment, "GOATFISH_KEY": "gf_" + "x" * 12 + "_" + "y" * 43}
    with desk.start("run", "-s", desk.simulation, "--", "true", env=environment) as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "key" in err
    assert len(desk.kept()) == 1


def test_closed_streams_change_nothing(desk: Desk) -> None:
    def close() -> None:
        for stream in range(3):
            os.close(stream)

    script = "import os; os.write(2, b'end'); raise SystemExit(3)"
    with desk.start("run", "-s", desk.simulation, "--", sys.executable, "-c", script, preexec_fn=close) as process:
        assert process.wait(timeout=60) == 3
    assert desk.run().status_reason == "exit code 3\nend"
    assert desk.kept() == []


def test_a_named_pipe_is_no_result_file_and_no_artifact(desk: Desk) -> None:
    (desk.folder / "log[1]").write_text("x")
    options = ("--result-file", "pipe", "--artifact", "pipe", "--artifact", "log[1]")
    code, _, err = desk.record("mkfifo", "pipe", options=options)
    assert code == 0
    assert "pipe has no results that can be read: it is no file" in err
    assert "no file is called pipe" in err
    assert [each.name for each in desk.run().artifacts] == ["log[1]"]


def test_a_run_within_a_run(desk: Desk) -> None:
    argv = [
        *("env", f"PYTHONPATH={SOURCES}", *AS_PROCESS),
        "run",
        "-s",
        desk.simulation,
        "-n",
        "inner",
        "--",
        "sh",
        "-c",
        "echo out; echo bad >&2; exit 7",
    ]
    code, out, err = desk.record(*argv, options=("-n", "outer"))
    assert (code, out) == (7, "out\n")
    assert err.startswith("bad\ngf: recorded as ")
    assert sorted((run.name, run.status) for run in desk.runs()) == [("inner", "failed"), ("outer", "failed")]


def test_a_run_that_is_refused_is_not_promised_to_be_sent(desk: Desk) -> None:
    desk.record("true", options=("--external-id", "mine"))
    code, _, err = desk.record("true", options=("--external-id", "mine"))
    assert code == 0
    assert "Another run has this external id" in err
    assert err.endswith(f"gf: kept in {desk.spool / desk.kept()[0]}\n")


@pytest.mark.parametrize("away", [False, True])
def test_a_run_that_no_file_can_be_made_for(desk: Desk, away: bool) -> None:
    desk.environment["GOATFISH_SPOOL"] = "/dev/null/runs"
    if away:
        desk.relay.away()
    code, out, err = desk.record("echo", "out")
    assert (code, out) == (0, "out\n")
    said = err.splitlines()[-1]
    assert said.startswith("gf: not recorded: " if away else "gf: recorded as ")


def test_an_old_result_file_is_not_recorded(desk: Desk) -> None:
    (desk.folder / "r.json").write_text(json.dumps({"cl": 1}))
    _, _, err = desk.record("true", options=("--result-file", "r.json", "--result-file", "none.json"))
    assert "r.json is as it was before the command" in err
    assert "there is no result file none.json" in err
    assert desk.run().results == {}


@pytest.mark.parametrize("content", ["[1]", "{", "\\xff", "", '{"a": ' * 100_000, "9" * 5000])
def test_a_bad_result_file_changes_nothing_else(desk: Desk, content: str) -> None:
    (desk.folder / "new").write_text(content)
    code, _, err = desk.record("mv", "new", "r.json", options=("--result-file", "r.json"))
    assert code == 0
    assert "r.json has no results that can be read" in err
    assert desk.run().status == "succeeded"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "--", "true"], "--simulation"),
        (["run", "-s", "x"], "no command"),
        (["run", "-s", "x", "-p", "alpha", "--", "true"], "KEY=VALUE"),
        (["run", "-s", "x", "--no-capture", "weather", "--", "true"], "'weather' is not captured"),
    ],
)
def test_wrong_usage_runs_nothing(desk: Desk, arguments: list[str], sentence: str) -> None:
    code, _, err = desk.gf(*arguments)
    assert code == 2
    assert sentence in err
    assert desk.kept() == []
