"""Find the folder of journals, and tell whether the process that writes one is still alive."""

from __future__ import annotations

import errno
import os
import socket
import stat
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Optional, TypeVar, Union

Taken = TypeVar("Taken")
fcntl: Any = None
with suppress(ImportError):  # Windows has no flock: processes are known by their ids there
    import fcntl

SUFFIX, UNBORN = ".jsonl", ".new"
ALIVE_FOR = 15 * 60.0
"""Seconds for which a journal that another machine touched counts as alive, whatever locks say."""
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}


def folders(spool: Union[str, os.PathLike[str], None] = None) -> list[Path]:
    """Where journals are kept, the preferred one first: ``spool``, else by the environment. Raises ``OSError``."""
    if spool is not None:
        return [Path(spool)]
    if named := os.environ.get("GOATFISH_SPOOL"):
        return [_expanded(named)]
    found = []
    if (state := os.environ.get("XDG_STATE_HOME")) and Path(state).is_absolute():
        found.append(Path(state) / "goatfish" / "runs")
    else:
        with suppress(RuntimeError, KeyError):  # a user without a home
            found.append(Path.home() / ".local" / "state" / "goatfish" / "runs")
    user = os.getuid() if hasattr(os, "getuid") else "user"
    temporary = _temporary()
    return [*found, temporary / f"goatfish-{user}" / "runs"] if temporary is not None else found


def _expanded(named: str) -> Path:
    try:
        return Path(named).expanduser().absolute()
    except RuntimeError:  # a user without a home, or nobody of this name
        raise FileNotFoundError(errno.ENOENT, "there is no such home", named) from None


def _temporary() -> Optional[Path]:
    """The system's folder for temporary files; None where there is none that can be written."""
    try:
        return Path(tempfile.gettempdir())
    except OSError:
        return None


def first_that(take: Callable[[Path], Taken]) -> Taken:
    """What ``take`` returns for the first folder that it can use, made with mode 0700 where it is missing.

    Raises what was wrong with the preferred folder, an ``OSError``, where it can use none.
    """
    problem: Optional[OSError] = None
    for folder in folders():
        try:
            _make(folder)
            return take(folder)
        except OSError as error:  # noqa: PERF203 -- there are two at most
            problem = problem or error
    raise problem or FileNotFoundError(errno.ENOENT, "no folder for journals")


def _make(folder: Path) -> None:
    if not folder.is_dir():
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    require_own(folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "is not writable", str(folder))


def require_own(folder: Path) -> None:
    """Raise ``PermissionError`` where others could put journals into a folder below the system's temporary one."""
    if not hasattr(os, "getuid") or folder.parent.parent != _temporary():
        return
    for each in (folder.parent, folder):
        found = each.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
            raise PermissionError(errno.EACCES, "belongs to somebody else", str(each))


# ── processes ──


_identities: dict[int, dict[str, object]] = {}


def this_process() -> Mapping[str, object]:
    """What identifies this process: host, machine (its boot and namespace of processes), id, start."""
    pid = os.getpid()
    if pid not in _identities:
        _identities.clear()  # a fork's parent
        _identities[pid] = {
            "host": socket.gethostname(),
            "machine": _machine(),
            "pid": pid,
            "process_start": _start(pid),
        }
    return _identities[pid]


def _machine() -> Optional[str]:
    """The boot and the namespace that a process id belongs to; None where the system does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115 -- no file is meant
    except OSError:
        return None


def _start(pid: int) -> Optional[str]:
    """When a process started, in ticks since the boot; None where the system does not tell, "" for no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except FileNotFoundError:
        return "" if Path("/proc/self/stat").exists() else None
    except OSError:
        return None
    fields = text[text.rindex(b")") + 2 :].split()  # the name before may hold anything
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode()


def is_here(start: Mapping[str, object]) -> bool:
    """Whether the process that wrote this start could be seen from here, by its id."""
    me = this_process()
    return start.get("host") == me["host"] and start.get("machine") == me["machine"]


def is_gone(start: Mapping[str, object]) -> bool:
    """Whether the process that wrote this start is known to be gone."""
    pid = start.get("pid")
    if not is_here(start) or not isinstance(pid, int) or pid <= 0:
        return False
    now = _start(pid)
    if now is not None:
        return now == "" or (start.get("process_start") is not None and now != start.get("process_start"))
    try:
        os.kill(pid, 0)
    except OSError as error:
        return error.errno == errno.ESRCH
    return False


# ── locks ──


def lock(descriptor: int) -> Optional[bool]:
    """Take the lock of an open journal: True when it was taken, False when another has it, None without locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return None if error.errno in _NO_LOCKS else False
    return True


def unlock(descriptor: int) -> None:
    """Release the lock, whoever else has inherited it by a fork."""
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)


def may_be_alive(start: Mapping[str, object], descriptor: int, locked: Optional[bool]) -> bool:
    """Whether the process that writes a journal may still live, given what came of taking the lock."""
    if is_gone(start):
        return False
    if locked is False or is_here(start):
        return True
    # Of another machine: its lock may be invisible from here, but the writer touches the file every few minutes.
    return time.time() - os.fstat(descriptor).st_mtime < ALIVE_FOR
