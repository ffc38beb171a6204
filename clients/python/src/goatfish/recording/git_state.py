"""The state of the source code, as git knows it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import Optional

GIT_SECONDS = 2.0
_GIT_IS_FRESH = 5.0
"""Seconds for which short runs one after another do without asking git again."""
_git_of: dict[str, tuple[float, dict[str, str]]] = {}
_reading_git = threading.Lock()
_GIT = ["--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false"]
_STATUS = ["status", "--porcelain=v2", "--branch", "--untracked-files=no", "--ignore-submodules=all"]


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
