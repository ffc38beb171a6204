"""What the machine is asked: which core a program runs on, and how much processor time and memory it has had."""

import os
import platform
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
TICK = 1 / os.sysconf("SC_CLK_TCK")
_ALLOWED = os.sched_getaffinity(0)
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


class CpuMeter:
    """The processor time of some process trees, in seconds: user and system, all threads, the ended included.

    A living process is asked by its own clock, to the nanosecond; children that have ended and were waited for are
    found in what the kernel adds up for their parent, to the hundredth of a second.
    """

    def __init__(self, roots: Iterable[int]) -> None:
        self._members = [member for root in roots for member in tree(root)]
        self._roots = self._members[:]

    def read(self, *, refresh: bool = False) -> float:
        if refresh:
            self._members = sorted({member for root in self._roots for member in tree(root)})
        return sum(map(_cpu_seconds, self._members))


def _cpu_seconds(pid: int) -> float:
    try:
        own = time.clock_gettime((~pid << 3) | PROCESS_CLOCK)
        ended = _stat(pid)[13:15]
    except OSError:  # it has ended, and is part of what its parent is asked for
        return 0.0
    return own + TICK * sum(map(int, ended))


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
