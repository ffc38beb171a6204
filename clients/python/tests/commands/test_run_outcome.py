"""What a command's end means for its run."""

from __future__ import annotations

import signal

import pytest

from goatfish.commands.process import Ended
from goatfish.commands.run import LONGEST_REASON, last_lines, outcome

INT, TERM, KILL, USR1 = signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGUSR1


@pytest.mark.parametrize(
    ("exit_code", "by", "interrupts", "errors", "expected"),
    [
        (0, None, (), b"a warning", ("succeeded", None)),
        (1, None, (), b"", ("failed", "exit code 1")),
        (3, None, (), b"no mesh\n", ("failed", "exit code 3\nno mesh")),
        (None, signal.SIGSEGV, (), b"", ("failed", "killed by SIGSEGV")),
        (None, KILL, (), b"out of memory", ("failed", "killed by SIGKILL\nout of memory")),
        (None, TERM, (TERM,), b"", ("cancelled", "interrupted by SIGTERM")),
        (None, KILL, (TERM,), b"", ("cancelled", "interrupted by SIGTERM")),
        (None, INT, (), b"", ("cancelled", "interrupted by SIGINT")),
        (130, None, (INT, INT), b"", ("cancelled", "interrupted by SIGINT")),
        (0, None, (INT,), b"", ("cancelled", "interrupted by SIGINT")),
    ],
)
def test_outcome(
    exit_code: int | None,
    by: signal.Signals | None,
    interrupts: tuple[signal.Signals, ...],
    errors: bytes,
    expected: tuple[str, str | None],
) -> None:
    assert outcome(Ended(exit_code, by, interrupts, errors)) == expected


@pytest.mark.parametrize(
    ("errors", "shown"),
    [
        (b"one\n\n\ntwo\n", "one\ntwo"),
        (b"10 %\r50 %\r100 %\ndone\r\n", "100 %\ndone"),
        (b"\x1b[31mred\x1b[0m \x1b]0;title\x07text", "red text"),
        (b"bell\x07 and nul\x00", "bell and nul"),
        ("Grüße\n".encode("latin-1"), "Gr\ufffd\ufffde"),
        ("a\u202eb".encode(), "ab"),
        (b"", ""),
    ],
)
def test_last_lines_are_what_a_terminal_would_leave(errors: bytes, shown: str) -> None:
    assert last_lines(errors) == shown


def test_long_output_keeps_its_end() -> None:
    text = last_lines(b"x" * 5000 + b"the end")
    assert text.startswith("…")
    assert text.endswith("the end")
    reason = outcome(Ended(1, None, (), "ä".encode() * 60_000))[1]
    assert reason is not None
    assert len(reason) <= LONGEST_REASON
    assert len(last_lines(b"\n".join(b"%d" % number for number in range(100))).splitlines()) == 20
