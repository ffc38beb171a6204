"""What recording costs the caller: counted, as a machine that is busy says nothing by its clock."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

import goatfish
from goatfish.recording import Recorder

PARAMETERS = {f"parameter_{number}": (number / 7, "mm") for number in range(20)}
RESULTS = {f"result_{number}": number / 3 for number in range(10)}


def calls_of(function: Callable[[], object]) -> int:
    """How many functions this thread calls, in Python and in C."""
    count = 0

    def profile(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> goatfish.Client:
    monkeypatch.setenv("GOATFISH_SPOOL", str(tmp_path_factory.mktemp("spool")))
    # Nothing listens there; the caller does not find out.
    return goatfish.Client("http://127.0.0.1:9", "gf_00000000000000_" + "0" * 49)


def block(client: goatfish.Client) -> None:
    with client.run("Wing flutter", parameters=PARAMETERS, wait=False) as run:
        run.results(RESULTS)


def test_a_block_of_twenty_parameters_and_ten_results_is_some_thousand_calls(client: goatfish.Client) -> None:
    block(client)
    assert calls_of(lambda: block(client)) < 2000  # some 0.5 ms; older Pythons make more calls for the same
    client.close()


def test_a_call_is_some_dozen_calls_and_one_write(client: goatfish.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Recorder(client, "Wing flutter", wait=False, capture=False).start()
    run.results(cl=1.0)
    writes: Counter[int] = Counter()
    write, me = os.write, threading.get_ident()

    def counted(descriptor: int, text: bytes) -> int:
        writes[threading.get_ident()] += 1
        return write(descriptor, text)

    monkeypatch.setattr("os.write", counted)
    assert calls_of(lambda: run.results(cl=2.0)) < 60
    assert writes[me] == 1
    run.end()
    assert writes[me] == 2
    client.close()


def test_no_program_is_started_and_no_name_looked_up_by_the_caller(
    client: goatfish.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    me, asked = threading.get_ident(), list[str]()

    def audit(event: str, _arguments: tuple[object, ...]) -> None:
        if threading.get_ident() == me and listening:
            asked.append(event)

    listening = True
    sys.addaudithook(audit)
    block(client)
    listening = False
    unwanted = ("subprocess", "socket.connect", "socket.getaddrinfo", "os.posix_spawn", "os.fork", "os.exec")
    assert [event for event in asked if event.startswith(unwanted)] == []
    client.close()
