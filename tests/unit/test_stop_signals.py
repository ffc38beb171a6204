"""When the service stops, by the signals that it gets."""

import signal
from math import inf

import pytest

from app.http_server import stop_signals
from app.http_server.stop_signals import SAME_SIGNAL, StopSignals

DRAIN = 5.0
TERM, INT = signal.SIGTERM, signal.SIGINT


@pytest.mark.parametrize(
    ("received", "stop_at", "ended_by"),
    [
        ([], inf, []),
        ([(100.0, TERM)], 105.0, []),
        ([(100.0, INT)], 100.0, []),
        ([(100.0, TERM), (100.1, TERM)], 105.0, []),
        ([(100.0, TERM), (100.1, INT)], 100.1, []),
        ([(100.0, TERM), (101.0, TERM)], 105.0, [TERM]),
        ([(100.0, INT), (101.0, INT)], 100.0, [INT]),
    ],
)
def test_first_signal_says_when_and_the_second_ends_it(
    monkeypatch: pytest.MonkeyPatch, received: list[tuple[float, int]], stop_at: float, ended_by: list[int]
) -> None:
    assert SAME_SIGNAL < 1
    ended: list[int] = []
    signals = StopSignals(DRAIN, ended.append)
    for at, number in received:
        monkeypatch.setattr(stop_signals, "monotonic", lambda at=at: at)
        signals.receive(number, None)
    assert (signals.stop_at, ended) == (stop_at, ended_by)
