"""The thread that sends journals: when it looks at one again."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from goatfish.recording import sender as senders
from goatfish.recording.outgoing import Outgoing
from goatfish.recording.pace import FRESH
from goatfish.recording.sender import Sender


def test_a_run_that_ends_while_it_is_looked_at_is_looked_at_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goatfish.recording.sender.TICK", 60.0)
    story: Any = SimpleNamespace(all_sent=False, problem=None, run_id=None)
    journal: Any = SimpleNamespace(path=None, touch=bool, delete=bool, release=bool)
    item = Outgoing(journal, "a run", story)
    sender = Sender(lambda: cast(Any, SimpleNamespace(owner=str, close=bool)))
    looked: list[object] = []

    def step(service: object) -> None:
        looked.append(service)
        story.all_sent = len(looked) > 1
        sender.hurry(item)  # as the block ends between what is sent now and the end of this look

    item.delivery = SimpleNamespace(step=step, sentences=[])
    sender.add(item)
    assert sender.wait(lambda: item.is_over, 30.0)
    assert sender.close()


def test_a_service_that_has_been_slow_for_long_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    sender = Sender(lambda: cast(Any, SimpleNamespace(owner=str, close=bool)))
    sender._pace.begin()
    sender._pace._began = time.monotonic() - FRESH - 1  # an earlier wait may have begun a moment later
    assert not sender.wait(lambda: False, 60.0)
    assert "The service has not answered in time." in caplog.text


def test_ctrl_c_at_the_end_of_the_program_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Sender) -> None:
        raise KeyboardInterrupt

    sender = Sender(None)
    monkeypatch.setattr(Sender, "at_exit", interrupted)
    senders._at_exit()  # which would print a traceback
    assert sender.close()
