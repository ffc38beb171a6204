"""What the machine is asked: which core a program runs on, and how much processor time and memory it has had."""

import os
import platform
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

PROC = Path("/proc")
TICK = 1 / os.sysconf("SC_CLK_TCK")
_ALLOWED = os.sched_getaffinity(0)
ATTEMPTS = 5
PROCESS_CLOCK = 2  # the kernel's clock of the time that a process has run, in nanoseconds


def cores() -> tuple[set[int], set[int]]:
    """The core of the servers, and that of the load and the database; the same one where there is no second."""
    found = sorted(_ALLOWED)
    return {found[0]}, {found[-1]}


def pin(pid: int, core: set[int]) -> None:
    """Keep a process, its threads and its descendants on this core; what they start later stays there too."""
    for member in tree(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            for thread in (PROC / str(member) / "task").iterdir():
                with suppress(ProcessLookupError):
                    os.sched_setaffinity(int(thread.name), core)


def spread_out() -> None:
    """Let this very process, and what it starts from now on, run wherever it could at first."""
    os.sched_setaffinity(0, _ALLOWED)


def stay_on(core: set[int]) -> None:
    """Keep this very process there, but none of those it has started."""
    os.sched_setaffinity(0, core)


def tree(pid: int) -> list[int]:
    """The process and all its living descendants."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found = [pid]
    for member in found:  # grows while it is read: descendants of descendants
        found += children.get(member, [])
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            with suppress(FileNotFoundError, ProcessLookupError):
                yield int(entry.name), int(_stat(int(entry.name))[1])


def parent(pid: int) -> int:
    return int(_stat(pid)[1])


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the third on: the second, the program's name, may hold anything."""
    return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the kernel says of one process: its parent, and processor time in seconds."""

    parent: int
    own: float
    ended: float
    """Of children that have ended and were waited for, to the hundredth of a second."""


_Process: TypeAlias = tuple[int, int]  # its id and when it started: ids are used again


class CpuMeter:
    """The processor time of some process trees, in seconds: user and system, all threads, the ended included.

    A living process is asked by its own clock, to the nanosecond. One that has ended counts as much as when it was
    last asked; what it, and processes that nobody ever asked, ran besides is found in what the kernel adds up for
    their parent. That sum is rounded down, so it is never believed to shrink: ``read`` never goes back.
    """

    def __init__(self, roots: Iterable[int]) -> None:
        self._roots = list(roots)
        self._last: dict[_Process, _Reading] = {}
        self._gone: set[_Process] = set()
        self._known: dict[int, float] = {}
        """Of the ended children of each process, how much was read while they lived."""
        self._unread: dict[_Process, float] = {}
        """Of the ended children of each process, how much was not."""
        self.read()

    def read(self) -> float:
        """How much there has been until now."""
        self._bury(living := self._living())
        for process, reading in living.items():
            self._last[process] = reading
            unread = reading.ended - self._known.get(process[0], 0.0)
            self._unread[process] = max(unread, self._unread.get(process, 0.0))
        return sum(reading.own for reading in self._last.values()) + sum(self._unread.values())

    def _bury(self, living: Mapping[_Process, _Reading]) -> None:
        """Note of those that have ended that their parent's sum holds again what was read of them."""
        for process in self._last.keys() - living.keys() - self._gone:
            last = self._last[process]
            self._known[last.parent] = self._known.get(last.parent, 0.0) + last.own + last.ended
            self._gone.add(process)

    def _living(self) -> dict[_Process, _Reading]:
        """All processes, read at a time when none of them ended, or the last of some attempts."""
        found: dict[_Process, _Reading] = {}
        for _ in range(ATTEMPTS):
            members = {member for root in self._roots for member in tree(root)}
            found = {process: reading for member in members for process, reading in _readings(member)}
            if {member for root in self._roots for member in tree(root)} == {pid for pid, _ in found}:
                break
        return found


def _readings(pid: int) -> Iterator[tuple[_Process, _Reading]]:
    """The reading of a process, or nothing if it has ended."""
    with suppress(OSError):
        fields = _stat(pid)
        own = time.clock_gettime((~pid << 3) | PROCESS_CLOCK)
        yield (pid, int(fields[19])), _Reading(int(fields[1]), own, TICK * sum(map(int, fields[13:15])))


def memory(pid: int) -> dict[str, float]:
    """Resident and proportional memory of a process tree, in MiB."""
    sizes = {"Rss": 0.0, "Pss": 0.0}
    for member in tree(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            for line in (PROC / str(member) / "smaps_rollup").read_text().splitlines():
                name, _, rest = line.partition(":")
                if name in sizes:
                    sizes[name] += int(rest.split()[0]) / 1024
    return {"rss": sizes["Rss"], "pss": sizes["Pss"]}


def described() -> dict[str, str | int]:
    """The machine in a few words, for the report."""
    model = "unknown"
    for line in (PROC / "cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {
        "processor": model,
        "cores": os.cpu_count() or 0,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
