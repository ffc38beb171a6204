"""Arguments, standard streams and files that cannot be read or written end a command with one line."""

import errno
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import NoReturn

from app.cli.terminal import FAILED, MISCONFIGURED, print_message

OF_WRITING = {errno.ENOSPC, errno.EBADF, errno.EIO, errno.EDQUOT, errno.EFBIG}


def as_texts(arguments: Sequence[str]) -> list[str]:
    """The arguments as text, whatever encoding the locale names. Exits where one is not UTF-8."""
    return [_text(argument) for argument in arguments]


def _text(argument: str) -> str:
    try:
        return os.fsencode(argument).decode() if any(map(_is_escape, argument)) else argument
    except UnicodeError:
        print_message(f"The argument {argument!a} is not UTF-8.")
        sys.exit(MISCONFIGURED)


def _is_escape(character: str) -> bool:
    """Whether Python has put it in place of a byte that it could not decode."""
    return "\ud800" <= character <= "\udfff"


@contextmanager
def checked_streams(*, for_people: bool = False) -> Iterator[None]:
    """Prints what cannot be read or written as one line, with exit status 1; a closed pipe ends the command silently.

    At a terminal, and in a help, characters that cannot be encoded are escaped.
    """
    _open_missing()
    if (for_people or sys.stdout.isatty()) and isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
    except BrokenPipeError:
        _end("")
    except OSError as error:
        _end(_io_line(error))
    except UnicodeError as error:
        _end(_encoding_line(error))


def _open_missing() -> None:
    """Opens streams that were closed, so that no file takes their number; writing results to stdout then fails."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_WRONLY if name == "stderr" else os.O_RDONLY)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))


def _end(line: str) -> NoReturn:
    if line:
        print_message(line)
    for stream in (sys.stdout, sys.stderr):  # what is left in them, Python would try to write at exit
        try:
            stream.flush()
        except OSError:
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(FAILED)


def _io_line(error: OSError) -> str:
    what = error.strerror or str(error) or type(error).__name__
    if error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {what}"
    return f"The output cannot be written: {what}" if error.errno in OF_WRITING else what


def _encoding_line(error: UnicodeError) -> str:
    if isinstance(error, UnicodeEncodeError):
        part = error.object[error.start : error.end]
        if any(map(_is_escape, part)):
            return f"{part!a} is not UTF-8."
        return f"{part!a} cannot be encoded as {error.encoding}. Try again with PYTHONIOENCODING=utf-8."
    if isinstance(error, UnicodeDecodeError):
        return f"The input is not {error.encoding}: byte {error.object[error.start]:#x} at position {error.start}."
    return str(error)
