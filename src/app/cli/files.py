"""Files that commands read and write; an unfinished one never looks like a finished one."""

import errno
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

STREAM = "-"
"""In place of a file name: stdin or stdout."""


def is_replaced(output: str) -> bool:
    """Whether a file of this name is replaced only once it is complete, unlike a stream, a device or a pipe."""
    path = Path(output)
    return output != STREAM and (path.is_file() or not path.exists())


@contextmanager
def open_output(output: str) -> Iterator[IO[bytes]]:
    """A file to write to, with mode 0600, that replaces the one of that name only once it is complete."""
    path = Path(output)
    if output == STREAM:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif not is_replaced(output):  # a device or a pipe
        with _named(output), path.open("wb") as file:
            yield file
    else:
        with draft_of(path, replace=True) as draft, _named(output), draft.open("wb") as file:
            yield file


@contextmanager
def draft_of(path: Path, *, replace: bool) -> Iterator[Path]:
    """A new file with mode 0600 beside this path, which gets its name once it is complete and on disk.

    Raises ``OSError``; ``FileExistsError`` if there is such a file, unless it may be replaced.
    """
    _refuse_existing(path, replace=replace)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        error.filename = str(path)
        raise
    try:
        yield draft
        _sync(draft)
        _refuse_existing(path, replace=replace)
        draft.replace(path)
        _sync(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _refuse_existing(path: Path, *, replace: bool) -> None:
    if os.path.lexists(path) and not (replace and path.is_file()):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def open_input(source: str) -> Iterator[tuple[IO[bytes], int | None]]:
    """The file to read from, and its size where it has one."""
    if source == STREAM:
        yield sys.stdin.buffer, None
        return
    path = Path(source)
    with _named(source), path.open("rb") as file:
        yield file, path.stat().st_size if path.is_file() else None


@contextmanager
def _named(file: str) -> Iterator[None]:
    """Adds the file's name to errors of reading and writing."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or file
        raise
