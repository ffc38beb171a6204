"""Turns go to those that take longest, whoever came first, and to so many at a time."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock

from tests.turns import Turns


def test_longest_come_first_and_so_many_at_a_time() -> None:
    names = ["unknown", "short", "middle", "long"]
    given, began, lock = Turns(1, ["long", "middle", "short"]), [], Lock()
    together = Barrier(len(names), timeout=60)

    def run(name: str) -> None:
        together.wait()
        with given.take(name):
            assert lock.acquire(blocking=False), "two have a turn at the same time"
            began.append(name)
            lock.release()

    with ThreadPoolExecutor(len(names)) as threads:
        list(threads.map(run, names))
    assert began == names[::-1]
