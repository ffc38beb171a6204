"""Machines made of Linux namespaces: each has a network and processes of its own, and can be lost in several ways."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

NETWORK = "10.16.0.0/24"
BRIDGE = "machines"
ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")
"""Begins a command that is killed when this process ends, however sudden."""
# PostgreSQL refuses to run as root, which this process is in its own namespace.
_AS_NOBODY = ("unshare", "--user", f"--map-user={pwd.getpwnam('nobody').pw_uid}", "--map-group=65534", "--")
PROGRAM = (*ENDS_WITH_US, *_AS_NOBODY)
"""Begins a command that runs on this side of the network."""
_OWN_NAMESPACES = (*ENDS_WITH_US, "unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--")
_ONCE_CONNECTED = ("/bin/sh", "-c", 'read -r _; exec "$@"', "machine")


def address(number: int) -> str:
    """The address of this machine in the network."""
    return NETWORK.replace("0/24", str(number))


HERE = address(254)


def ip(arguments: str, *, of: int | None = None) -> None:
    """Changes the network, or that of a machine, whose first process is given."""
    enter = () if of is None else ("nsenter", "--target", str(of), "--net")
    subprocess.run([*enter, "ip", *arguments.split()], check=True)


def build_network(names: Mapping[str, str], directory: Path) -> None:
    """Makes the network, in which this side has an address too, and lets these names be found."""
    ip("link set lo up")
    ip(f"link add {BRIDGE} type bridge")
    ip(f"address add {HERE}/24 dev {BRIDGE}")
    ip(f"link set {BRIDGE} up")
    hosts = directory / "hosts"
    hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{place} {name}\n" for name, place in names.items()))
    subprocess.run(["mount", "--bind", str(hosts), "/etc/hosts"], check=True)


@dataclass
class Machine:
    """A machine that runs one command, and whatever that starts."""

    name: str
    address: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path

    _outer: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Switches it on."""
        with self.log.open("ab") as log:
            self._outer = subprocess.Popen(
                [*_OWN_NAMESPACES, *_AS_NOBODY, *_ONCE_CONNECTED, *self.command],
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd="/",
            )
        first = self._first()
        ip(f"link add {self.name} type veth peer name eth0 netns {first}")
        ip(f"link set {self.name} master {BRIDGE} up")
        for change in ("link set lo up", f"address add {self.address}/24 dev eth0", "link set eth0 up"):
            ip(change, of=first)
        assert self._outer.stdin is not None
        self._outer.stdin.write(b"connected\n")
        self._outer.stdin.flush()

    def lose(self) -> None:
        """Switches it off at once: no process says goodbye, and nothing answers at its address."""
        if self._outer is not None:
            with suppress(ProcessLookupError):
                os.kill(self._first(), signal.SIGKILL)  # and with it all others
            self._outer.wait()
            if self._outer.stdin is not None:
                self._outer.stdin.close()
            self._outer = None
            # The kernel removes it too, but later.
            subprocess.run(["ip", "link", "delete", self.name], stderr=subprocess.DEVNULL, check=False)

    def signal(self, number: signal.Signals, *, program: str = "") -> int:
        """Sends a signal to all processes, or to those of a program; returns to how many."""
        reached: set[int] = set()
        while new := self._processes(program) - reached:  # one may have started another meanwhile
            for pid in new:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            reached |= new
        return len(reached)

    def cut_off(self) -> None:
        """Unplugs it from the network."""
        ip(f"link set {self.name} down")

    def reconnect(self) -> None:
        ip(f"link set {self.name} up")

    def ignore(self, addresses: Iterable[str]) -> None:
        """Lets nothing that it sends to these addresses arrive."""
        for each in addresses:
            ip(f"route add blackhole {each}", of=self._first())

    def heed(self, addresses: Iterable[str]) -> None:
        """Ends ``ignore``."""
        for each in addresses:
            ip(f"route delete blackhole {each}", of=self._first())

    def _first(self) -> int:
        """Its first process."""
        assert self._outer is not None
        children = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children")
        while not (found := children.read_text().split()):
            if self._outer.poll() is not None:
                raise ProcessLookupError(self.log.read_text())
            time.sleep(0.01)
        return int(found[0])

    def _processes(self, program: str) -> set[int]:
        own = Path(f"/proc/{self._first()}/ns/pid").readlink()
        found = set()
        for each in Path("/proc").iterdir():
            if not each.name.isdecimal():
                continue
            with suppress(OSError):  # it has ended
                if (each / "ns/pid").readlink() == own and program in (each / "comm").read_text():
                    found.add(int(each.name))
        return found
