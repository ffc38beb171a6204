"""What is captured: secrets of command lines, batch systems, and git, which may be slow or ask for passwords."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from goatfish.recording import git_state
from goatfish.recording.batch_jobs import batch
from goatfish.recording.capture import Capture, capture
from goatfish.recording.command_lines import masked
from goatfish.recording.git_state import git


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("solve --n 3 --mesh=fine", "solve --n 3 --mesh=fine"),
        ("solve --password hunter2 x", "solve --password *** x"),
        ("solve --password=hunter2", "solve --password=***"),
        ("solve -token hunter2", "solve -token ***"),
        ("solve --api-key hunter2", "solve --api-key ***"),
        ("solve --db-password hunter2", "solve --db-password ***"),
        ("solve --client_secret=hunter2", "solve --client_secret=***"),
        ("env TOKEN=hunter2 AWS_SECRET_ACCESS_KEY=hunter2 solve", "env TOKEN=*** AWS_SECRET_ACCESS_KEY=*** solve"),
        ("solve --password --verbose", "solve --password --verbose"),
        ("get https://ada:hunter2@host/path", "get https://ada:***@host/path"),
        ("get https://host/path?token=hunter2&n=1", "get https://host/path?token=***&n=1"),
        ("curl -H X-API-Key:hunter2", "curl -H X-API-Key:***"),
        ("curl gf_1234567890abcd_hunter2hunter2", "curl gf_1234567890abcd_***"),
        ("monkey --keyboard us --turkey 3", "monkey --keyboard us --turkey 3"),
    ],
)
def test_secrets_of_command_lines_are_masked(given: str, shown: str) -> None:
    assert " ".join(masked(given.split())) == shown


def test_secrets_within_one_argument() -> None:
    assert masked(["-H", "Authorization: Bearer hunter2"]) == ["-H", "Authorization: Bearer ***"]
    assert masked(["X-API-Key: hunter2"]) == ["X-API-Key: ***"]


@pytest.mark.parametrize(
    ("environment", "external_id", "labels"),
    [
        ({}, None, {}),
        ({"SLURM_JOB_ID": "81724"}, "slurm-81724", {"batch": "slurm", "batch.job": "81724"}),
        (
            {"SLURM_JOB_ID": "81790", "SLURM_ARRAY_JOB_ID": "81724", "SLURM_ARRAY_TASK_ID": "7"},
            "slurm-81724_7",
            {"batch": "slurm", "batch.job": "81724", "batch.task": "7"},
        ),
        ({"PBS_JOBID": "12.server"}, "pbs-12.server", {"batch": "pbs", "batch.job": "12.server"}),
        (
            {"PBS_JOBID": "12[7].server", "PBS_ARRAY_INDEX": "7"},
            "pbs-12[7].server",
            {"batch": "pbs", "batch.job": "12[7].server", "batch.task": "7"},
        ),
        ({"LSB_JOBID": "5", "LSB_JOBINDEX": "0"}, "lsf-5", {"batch": "lsf", "batch.job": "5"}),
        (
            {"LSB_JOBID": "5", "LSB_JOBINDEX": "3"},
            "lsf-5_3",
            {"batch": "lsf", "batch.job": "5", "batch.task": "3"},
        ),
        (
            {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "HOSTNAME": "wing-x7", "JOB_COMPLETION_INDEX": "2"},
            "k8s-wing-x7",
            {"batch": "kubernetes", "batch.pod": "wing-x7", "batch.task": "2"},
        ),
    ],
)
def test_batch_systems(environment: dict[str, str], external_id: str | None, labels: dict[str, str]) -> None:
    assert batch(environment) == (labels, external_id)


def test_a_folder_that_was_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert "directory" not in capture(Capture()).parameters


def test_another_command_and_folder() -> None:
    found = capture(Capture(command=["./solver", "--token=x", "a b"], directory="/tmp"))
    assert found.parameters == {"command": "./solver '--token=***' 'a b'", "directory": "/tmp"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    def run(*arguments: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    run("init", "-q", "-b", "study")
    assert git(str(tmp_path)) == {"git.branch": "study"}
    git_state._git_of.clear()
    (tmp_path / "mesh").write_text("coarse")
    run("add", ".")
    run("commit", "-q", "-m", "x")
    return tmp_path


def test_git_is_asked_once_for_short_runs(repository: Path) -> None:
    found = git(str(repository))
    (repository / "mesh").write_text("fine")
    assert git(str(repository)) == found
    git_state._git_of.clear()
    assert git(str(repository)) == {**found, "git.dirty": "true"}


def test_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_state, "_GIT_IS_FRESH", 0)
    monkeypatch.setenv("GIT_DIR", "/nowhere")  # as within a hook of another repository
    found = git(str(repository))
    assert (found["git.branch"], found["git.dirty"], len(found["git.commit"])) == ("study", "false", 40)
    (repository / "new").write_text("untracked files are not looked for")
    assert git(str(repository))["git.dirty"] == "false"
    (repository / "mesh").write_text("fine")
    assert git(str(repository)) == {**found, "git.dirty": "true"}


def test_no_repository_and_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert git(str(tmp_path)) == {}
    assert git(str(tmp_path / "none")) == {}
    assert git(None) == {}
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git(str(tmp_path)) == {}


def fake_git(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_a_git_that_takes_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_git(tmp_path, 'case "$*" in *rev-parse*) echo abc;; *) sleep 60 & wait;; esac', monkeypatch)
    began = time.monotonic()
    assert git(str(tmp_path), 0.2) == {"git.commit": "abc"}
    assert time.monotonic() - began < 20


def test_a_git_that_prints_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_git(tmp_path, 'echo "# branch.oid abc"; while :; do echo "1 .M N... x"; done', monkeypatch)
    assert git(str(tmp_path), 20) == {"git.commit": "abc", "git.dirty": "true"}


def test_a_git_that_asks_for_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = 'if (exec </dev/tty) 2>/dev/null; then echo "# branch.oid asked"; else echo "# branch.oid $(cat | wc -c)"; fi'
    fake_git(tmp_path, ask, monkeypatch)
    assert git(str(tmp_path), 20)["git.commit"] == "0"
