"""Capture where a run takes place: the machine, the program, the state of the source code, and the batch job."""

from __future__ import annotations

import os
import platform
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Optional, Union

from goatfish.recording import values

GIT_SECONDS = 2.0
_GIT_IS_FRESH = 5.0
"""Seconds for which short runs one after another do without asking git again."""
_git_of: dict[str, tuple[float, dict[str, str]]] = {}
_reading_git = threading.Lock()
_GIT = ["--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false"]
_STATUS = ["status", "--porcelain=v2", "--branch", "--untracked-files=no", "--ignore-submodules=all"]
_PRIVATE = (
    r"(?:pass(?:word|wd|phrase)?|pwd|token|secret|credentials?|auth|api[-_]?key|access[-_]?key|private[-_]?key|key)"
)
_PRIVATE_NAME = re.compile(rf"(?:^|[-_.]){_PRIVATE}$", re.IGNORECASE)
_ASSIGNED = re.compile(r"^(?P<name>-{0,2}[A-Za-z0-9][A-Za-z0-9_.-]*)(?P<sign>[=:]\s*)(?P<value>.+)$", re.DOTALL)
_URL_PASSWORD = re.compile(r"(?P<before>[A-Za-z][A-Za-z0-9+.-]*://[^/\s:@]*:)[^/\s@]+(?=@)")
_URL_QUERY = re.compile(rf"(?P<before>[?&][A-Za-z0-9_.-]*{_PRIVATE}=)[^&\s#]+", re.IGNORECASE)
_TOKEN = re.compile(r"\b(gf_[0-9A-Za-z]+_|gh[opsu]_|github_pat_|glpat-|xox[abp]-|sk-|AKIA)[0-9A-Za-z_-]{8,}")
_MASK = "***"


@dataclass(frozen=True)
class Capture:
    """What is captured by itself; each part can be switched off.

    ``command`` and ``directory`` may be given in place of those of this process: a text or a list of arguments, and a
    path.
    Labels: ``host``, ``user``, ``python``, ``git.commit``, ``git.branch``, ``git.dirty``, and ``batch`` with
    ``batch.job`` and the like. Parameters, which may be longer: ``command`` and ``directory``.
    """

    host: bool = True
    user: bool = True
    directory: Union[bool, str] = True
    command: Union[bool, str, Sequence[str]] = True
    git: bool = True
    python: bool = True
    batch: bool = True

    @classmethod
    def of(cls, given: Union[bool, Capture]) -> Capture:
        """All for True, nothing for False."""
        if isinstance(given, Capture):
            return given
        on = bool(given)
        return cls(on, on, on, on, on, on, on)


@dataclass
class Captured:
    """What was found: labels, parameters, and the external id that a batch system gives."""

    labels: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    external_id: Optional[str] = None


def capture(wanted: Capture, environ: Optional[Mapping[str, str]] = None) -> Captured:
    """All that can be had at once, without asking a network or starting a program."""
    environ = os.environ if environ is None else environ
    found = Captured()
    if wanted.host:
        found.labels["host"] = socket.gethostname()
    if wanted.user and (user := environ.get("LOGNAME") or environ.get("USER") or environ.get("USERNAME")):
        found.labels["user"] = user
    if wanted.python:
        found.labels["python"] = platform.python_version()
    if wanted.batch:
        labels, found.external_id = batch(environ)
        found.labels.update(labels)
    if wanted.directory is not False and (directory := _directory(wanted)):
        found.parameters["directory"] = directory
    if wanted.command is not False:
        arguments = _arguments() if wanted.command is True else _parted(wanted.command)
        found.parameters["command"] = " ".join(map(shlex.quote, masked(arguments)))
    found.labels = {name: values.label(text, name, _quietly) for name, text in found.labels.items()}
    return found


def capture_slowly(wanted: Capture) -> dict[str, str]:
    """Labels that may take seconds: from git, and the user's name where only a directory service knows it."""
    labels = git(_directory(wanted)) if wanted.git else {}
    if wanted.user and not any(map(os.environ.get, ("LOGNAME", "USER", "USERNAME"))):
        try:
            import pwd  # noqa: PLC0415 -- Unix alone has it

            labels["user"] = pwd.getpwuid(os.getuid()).pw_name
        except (ImportError, KeyError, AttributeError):
            pass
    return {name: values.label(text, name, _quietly) for name, text in labels.items()}


def _quietly(sentence: str) -> None:
    """What is captured by itself is cut without a word."""


def _directory(wanted: Capture) -> Optional[str]:
    if isinstance(wanted.directory, str):
        return os.path.abspath(wanted.directory)  # noqa: PTH100 -- Path would resolve nothing more
    try:
        return os.getcwd()  # noqa: PTH109 -- as bytes of any file system
    except OSError:
        return None  # it was deleted


def _arguments() -> list[str]:
    """The command line of this process as it was given, including Python's own options where they are known."""
    given = getattr(sys, "orig_argv", None)
    return list(given) if given else [sys.executable or "python", *getattr(sys, "argv", [])]


def _parted(command: Union[str, Sequence[str]]) -> list[str]:
    """The arguments of a command; of one that is a text as a shell would read it."""
    if not isinstance(command, str):
        return list(command)
    try:
        return shlex.split(command)
    except ValueError:  # of quotes that do not end
        return command.split()


def masked(arguments: Sequence[str]) -> list[str]:
    """A command line without its secrets: values of options such as ``--token``, and passwords within URLs."""
    shown, hide = [], False
    for argument in map(values.plain_text, arguments):
        if hide and not argument.startswith("--"):
            shown.append(_MASK)
            hide = False
            continue
        hide = argument.startswith("-") and bool(_PRIVATE_NAME.search(argument.lstrip("-")))
        assigned = _ASSIGNED.match(argument)
        if assigned and _PRIVATE_NAME.search(assigned["name"].lstrip("-")):
            shown.append(f"{assigned['name']}{assigned['sign']}{_MASK}")
            continue
        kept = _URL_PASSWORD.sub(rf"\g<before>{_MASK}", argument)
        kept = _URL_QUERY.sub(rf"\g<before>{_MASK}", kept)
        kept = re.sub(r"(?i)\b((?:authorization:\s*)?(?:bearer|basic)\s+)\S+", rf"\g<1>{_MASK}", kept)
        kept = re.sub(
            r"(?i)\b((?:x-api-key|private-token|authorization)\s*:\s*)(?!bearer|basic)\S+", rf"\g<1>{_MASK}", kept
        )
        shown.append(_TOKEN.sub(rf"\g<1>{_MASK}", kept))
    return shown


def batch(environ: Mapping[str, str]) -> tuple[dict[str, str], Optional[str]]:
    """The labels and the external id of the batch job that this process belongs to."""
    for read in (_slurm, _pbs, _lsf, _kubernetes):
        found = read(environ)
        if found is not None:
            labels, external_id = found
            return {name: text for name, text in labels.items() if text}, external_id
    return {}, None


_Job = Optional["tuple[dict[str, str], Optional[str]]"]


def _slurm(environ: Mapping[str, str]) -> _Job:
    def get(name: str) -> str:
        return environ.get(name, "")

    job, array, task = get("SLURM_JOB_ID"), get("SLURM_ARRAY_JOB_ID"), get("SLURM_ARRAY_TASK_ID")
    if not job:
        return None
    labels = {"batch": "slurm", "batch.job": array or job, "batch.task": task, "batch.name": get("SLURM_JOB_NAME")}
    labels |= {"batch.queue": get("SLURM_JOB_PARTITION"), "batch.cluster": get("SLURM_CLUSTER_NAME")}
    return labels, f"slurm-{array}_{task}" if array and task else f"slurm-{job}"


def _pbs(environ: Mapping[str, str]) -> _Job:
    job = environ.get("PBS_JOBID", "")
    if not job:
        return None
    # An array's task is in the job's id already, as in 1234[7].server, but for old versions of Torque.
    task = environ.get("PBS_ARRAY_INDEX") or environ.get("PBS_ARRAYID") or ""
    named = job if not task or "[" in job or f"-{task}" in job else f"{job}_{task}"
    labels = {"batch": "pbs", "batch.job": job, "batch.task": task, "batch.name": environ.get("PBS_JOBNAME", "")}
    return {**labels, "batch.queue": environ.get("PBS_QUEUE", "")}, f"pbs-{named}"


def _lsf(environ: Mapping[str, str]) -> _Job:
    job, task = environ.get("LSB_JOBID", ""), environ.get("LSB_JOBINDEX", "0")
    if not job:
        return None
    task = "" if task == "0" else task
    labels = {"batch": "lsf", "batch.job": job, "batch.task": task, "batch.name": environ.get("LSB_JOBNAME", "")}
    return {**labels, "batch.queue": environ.get("LSB_QUEUE", "")}, f"lsf-{job}_{task}" if task else f"lsf-{job}"


def _kubernetes(environ: Mapping[str, str]) -> _Job:
    if "KUBERNETES_SERVICE_HOST" not in environ:
        return None
    pod = environ.get("POD_NAME") or environ.get("HOSTNAME") or socket.gethostname()
    # A pod's uid outlives no pod, while the name of a StatefulSet's comes again.
    known = environ.get("POD_UID")
    labels = {"batch": "kubernetes", "batch.pod": pod, "batch.job": environ.get("JOB_NAME", "")}
    return {**labels, "batch.task": environ.get("JOB_COMPLETION_INDEX", "")}, f"k8s-{known or pod}"


def git(directory: Optional[str], seconds: float = GIT_SECONDS) -> dict[str, str]:
    """The commit, the branch, and whether tracked files differ from it: what can be learned in so many seconds."""
    if directory is None:
        return {}
    with _reading_git:
        known = _git_of.get(directory)
        if known is None or time.monotonic() - known[0] > _GIT_IS_FRESH:
            known = _git_of[directory] = (time.monotonic(), _read_git(directory, seconds))
    return dict(known[1])


def _read_git(directory: str, seconds: float) -> dict[str, str]:
    lines = _git(directory, _STATUS, seconds)
    found: dict[str, str] = {}
    for text in lines or ():
        _, _, rest = text.partition("# branch.")
        name, _, value = rest.partition(" ")
        if name == "oid" and value != "(initial)":
            found["git.commit"] = value
        elif name == "head" and value != "(detached)":
            found["git.branch"] = value
        elif not text.startswith("#"):
            found["git.dirty"] = "true"
    if lines is None:
        # Looking through a huge tree takes long; the commit alone never does.
        head = _git(directory, ["rev-parse", "--verify", "--quiet", "HEAD"], seconds / 2)
        return {"git.commit": head[0]} if head else {}
    if "git.commit" in found:
        found.setdefault("git.dirty", "false")
    return found


def _git(directory: str, command: Sequence[str], seconds: float) -> Optional[list[str]]:
    """The first lines that git prints, up to the first changed file; None if it was not done in time."""
    environ = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    environ |= {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    environ |= {"GIT_ASKPASS": "true", "SSH_ASKPASS": "true"}
    try:
        process = subprocess.Popen(  # noqa: S603 -- fixed arguments
            ["git", *_GIT, "-C", directory, *command],  # noqa: S607 -- the user's git
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environ,
            start_new_session=True,  # away from the terminal, on which it might ask, and from its Ctrl-C
        )
    except OSError:
        return []
    late = threading.Event()

    def end() -> None:
        late.set()
        _kill(process)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    lines: list[str] = []
    stdout = process.stdout
    try:
        if stdout is not None:
            with stdout:
                while len(lines) < 16 and (raw := stdout.readline(4096)):  # noqa: PLR2004 -- headers are fewer
                    lines.append(raw.decode("utf-8", "replace").rstrip("\n"))
                    if not lines[-1].startswith("#"):
                        break
    finally:
        timer.cancel()
    if late.is_set():
        process.wait()
        return None
    return _reap(process, lines, seconds)


def _reap(process: subprocess.Popen[bytes], lines: list[str], seconds: float) -> Optional[list[str]]:
    """Wait for git's end, or bring it about where what it prints is of no more use."""
    if lines and not lines[-1].startswith("#"):
        _kill(process)
        process.wait()
        return lines
    try:
        status = process.wait(seconds)
    except subprocess.TimeoutExpired:
        _kill(process)
        process.wait()
        return None
    return lines if status == 0 else []


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)  # its children too, which may hold its output
    except (OSError, AttributeError):
        process.kill()


def _after_fork() -> None:
    global _reading_git  # noqa: PLW0603 -- another thread of the parent may have held it
    _reading_git = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
