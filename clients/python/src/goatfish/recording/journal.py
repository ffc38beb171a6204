"""The journal of one run: a file of JSON Lines that is only ever appended to, by any process that records into it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import threading
import uuid
import weakref
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Optional

from goatfish.recording import spool
from goatfish.values import utc_text

Line = dict[str, Any]
FORMAT = 1
_FLAGS = os.O_RDWR | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_SAFELY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class NotAJournal(Exception):
    """A file that is none of ours, or not one that this version can read."""


def now() -> str:
    """This moment, as lines have it."""
    return utc_text(datetime.now(timezone.utc))  # strftime imports, which fails while the interpreter ends


class Journal:
    """Lines of a run, in a file, and in memory where they cannot be written.

    The lines that memory alone has are sent like the others for as long as the process lives.
    """

    def __init__(self, path: Optional[Path], descriptor: int = -1) -> None:
        self.path = path
        self._descriptor = descriptor
        self._file = _identity(descriptor)
        self._pid = os.getpid()
        self._kept: list[bytes] = []  # lines that the file lacks
        self._torn = False
        self._offset = 0
        self._taken = 0  # of those, how many were read already
        self._read: list[bytes] = []  # those that came into the file after they were read
        self._rest = b""
        self.unreadable = 0
        self._lock = threading.RLock()
        _journals.add(self)

    # ── made and opened ──

    @classmethod
    def create(cls, start: Line, folder: Optional[Path]) -> Journal:
        """A journal with its first line, locked for this process; in memory alone without a folder.

        Raises ``OSError`` where the file cannot be written.
        """
        if folder is None:
            journal = cls(None)
            journal._kept.append(_encoded(start))
            return journal
        name = str(uuid.uuid4())
        # Nobody ever sees a journal without its first line, or unlocked.
        hidden, path = folder / f".{name}{spool.UNBORN}", folder / f"{name}{spool.SUFFIX}"
        descriptor = os.open(hidden, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            spool.lock(descriptor)
            text = _encoded(start)
            whole = os.write(descriptor, text) == len(text)
            if whole:
                hidden.rename(path)
                return cls(path, descriptor)
        except BaseException:
            os.close(descriptor)
            hidden.unlink()
            raise
        os.close(descriptor)
        hidden.unlink()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @classmethod
    def open(cls, path: Path) -> Journal:
        """The journal in this file. Raises ``OSError``, and ``NotAJournal`` where it is no plain file."""
        descriptor = os.open(path, _FLAGS | _SAFELY)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise NotAJournal("it is no plain file")
        return cls(path, descriptor)

    @classmethod
    def elsewhere(cls, path: Path) -> Journal:
        """The journal in this file, which another process has: it is opened as soon as something is written."""
        journal = cls(path)
        journal._pid = 0
        return journal

    @property
    def descriptor(self) -> int:
        """The open file; -1 for none."""
        return self._descriptor

    @property
    def in_memory(self) -> bool:
        """Whether some of it would be lost with the process."""
        return bool(self._kept)

    # ── written ──

    def append(self, line: Line) -> Optional[OSError]:
        """Write a line by one call of the system; returns why where it is kept in memory only."""
        with self._lock:
            self._kept.append(_encoded(line))
            return self.flush()

    def flush(self) -> Optional[OSError]:
        """Write what memory alone has; returns why that cannot be."""
        with self._lock:
            if self.path is None:
                return None
            try:
                self._reopen_after_fork()
                while self._kept:
                    self._write(self._kept[0])
                    written = self._kept.pop(0)
                    if self._taken:
                        self._taken -= 1
                        self._read.append(written.rstrip(b"\n"))
            except OSError as error:
                return error
        return None

    def _write(self, text: bytes) -> None:
        whole = b"\n" + text if self._torn else text
        written = os.write(self._descriptor, whole)
        # After a part of this line the next begins on one of its own: whoever reads skips the part.
        self._torn = written < len(whole)
        if self._torn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _reopen_after_fork(self) -> None:
        self._require_own()
        if self._descriptor < 0 and self.path is not None:
            if self._pid == os.getpid():
                raise OSError(errno.EBADF, "The journal is closed", str(self.path))
            self._descriptor = os.open(self.path, _FLAGS | _SAFELY)
            self._file = _identity(self._descriptor)
            self._pid = os.getpid()

    def _require_own(self) -> None:
        """Leave a descriptor alone that the program has closed, and may have given to a file of its own since."""
        if self._descriptor >= 0 and _identity(self._descriptor) != self._file:
            self._descriptor, self._pid = -1, 0  # which opens the file again

    def touch(self) -> None:
        """Tell other machines, which may not see the lock, that this process lives."""
        if self._descriptor >= 0:
            with contextlib.suppress(OSError, NotImplementedError, TypeError):
                os.utime(self._descriptor)

    # ── read ──

    def unread(self) -> list[Line]:
        """The whole lines that came since the last call, whoever wrote them."""
        with self._lock:
            lines = []
            self._require_own()
            if self._descriptor >= 0:
                while chunk := os.pread(self._descriptor, 1 << 20, self._offset):
                    self._offset += len(chunk)
                    self._rest += chunk
                *whole, self._rest = self._rest.split(b"\n")
                lines = [line for text in whole if not self._was_read(text) and (line := self._decoded(text))]
            lines += [line for text in self._kept[self._taken :] if (line := self._decoded(text))]
            self._taken = len(self._kept)
            return lines

    @property
    def is_torn(self) -> bool:
        """Whether it ends in the middle of a line, as far as it was read."""
        return bool(self._rest.strip(b"\0 "))

    def ends_torn(self) -> None:
        """Begin the next line on one of its own, after what a process that died has left."""
        self._torn = bool(self._rest)

    def _was_read(self, text: bytes) -> bool:
        if text in self._read:
            self._read.remove(text)
            return True
        return False

    def _decoded(self, text: bytes) -> Optional[Line]:
        if not text.strip(b"\0 \r"):
            return None
        try:
            line = json.loads(text)
        except ValueError:
            line = None
        if not isinstance(line, dict) or not isinstance(line.get("type"), str):
            self.unreadable += 1
            return None
        return line

    # ── ended ──

    def release(self) -> None:
        """Let go of the lock, and close the file."""
        with self._lock:
            self._require_own()
            if self._descriptor >= 0:
                spool.unlock(self._descriptor)
                os.close(self._descriptor)
                self._descriptor = -1

    def delete(self) -> None:
        """Delete the file: everything in it has been sent."""
        with self._lock:
            if self.path is not None:
                with suppress(OSError):  # another has deleted it, or the folder is read-only by now
                    self.path.unlink()
            self.release()

    def close_after_fork(self) -> None:
        """In a child: close the descriptor, which would keep the parent's lock beyond its death."""
        self._lock = threading.RLock()
        self._require_own()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        # What the parent keeps in memory is the parent's to write.
        self._kept, self._taken = [], 0


_journals: weakref.WeakSet[Journal] = weakref.WeakSet()


def _after_fork() -> None:
    for journal in list(_journals):
        journal.close_after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _identity(descriptor: int) -> Optional[tuple[int, int]]:
    """Which file a descriptor is open for; None for none."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _encoded(line: Line) -> bytes:
    return json.dumps(line, separators=(",", ":"), default=str).encode() + b"\n"
