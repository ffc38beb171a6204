"""A Patroni cluster of three with etcd, HAProxy and PgBouncer, configured by the files in deploy/patroni."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psycopg

from tests.embedded_postgres import find_binaries
from tests.ha.machines import HERE, PROGRAM, Machine, address, build_network

ROOT = Path(__file__).parents[2]
FILES = ROOT / "deploy/patroni"
PATRONI = ROOT / ".venv-ha/bin/patroni"
NAMES = ("db1", "db2", "db3")
HOSTS = {**{name: address(number) for number, name in enumerate((*NAMES, "etcd"), 1)}, "haproxy": HERE}
DATABASE = "goatfish"
WAYS = ("hosts", "pooler")
"""How services reach the leader: by the names of all members, or by PgBouncer, which asks HAProxy."""
HEALTHY_WITHIN, TIMEOUT = 90, 3  # seconds
# PgBouncer 1.18 ends with "bad client state" where a client that cancels leaves early (its issue 801). This is what
# systemd would do.
RESTARTED = 'while :; do setpriv --pdeathsig KILL -- "$@"; sleep 1; done'
PREPARED_STATEMENTS_SINCE = (1, 21)  # of PgBouncer


@dataclass(frozen=True)
class Member:
    """What Patroni tells of a member."""

    name: str
    role: str
    state: str
    timeline: int


class Cluster:
    """The machines, and what Patroni tells of them."""

    def __init__(self, home: Path, binaries: Path) -> None:
        self.password = secrets.token_urlsafe(24)
        self.synchronous = True
        self._http = httpx2.Client(timeout=TIMEOUT, auth=("patroni", self.password))
        patroni = (str(PATRONI), str(FILES / "patroni.yml"))
        self.machines = {
            name: Machine(name, HOSTS[name], patroni, self._environment(name, home, binaries), home / f"{name}.log")
            for name in NAMES
        }
        url, here = f"http://{HOSTS['etcd']}:2379", "http://127.0.0.1:2379"
        etcd = f"etcd --data-dir {home}/etcd --advertise-client-urls {url} --listen-client-urls {url},{here}"
        search = {"PATH": os.defpath}
        self.etcd = Machine("etcd", HOSTS["etcd"], tuple(etcd.split()), search, home / "etcd.log")

    def _environment(self, name: str, home: Path, binaries: Path) -> dict[str, str]:
        given = dict(line.split("=") for line in (FILES / "member.env").read_text().splitlines())
        own = {"BIN_DIR": binaries, "DATA_DIR": home / name, "PGPASS": home / f"{name}.pgpass"}
        given |= {f"PATRONI_POSTGRESQL_{variable}": str(path) for variable, path in own.items()}
        given |= {key: self.password for key in given if key.endswith("_PASSWORD")}
        given |= {key: value.replace("db1", name) for key, value in given.items() if "db1" in value}
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", **given}

    def url(self, user: str = "postgres", database: str = "postgres") -> str:
        """The URL of the leader's database, whichever member it is."""
        hosts = ",".join(f"{name}:5432" for name in NAMES)
        options = "target_session_attrs=read-write&tcp_user_timeout=5000&sslmode=disable"
        return f"postgresql://{user}:{self.password}@{hosts}/{database}?{options}"

    def members(self) -> list[Member]:
        """The cluster as the first member that answers sees it; empty if there is none."""
        for name in NAMES:
            with suppress(httpx2.HTTPError, json.JSONDecodeError):
                found = self._http.get(f"http://{name}:8008/cluster").json()["members"]
                return [Member(each["name"], each["role"], each["state"], each.get("timeline", 0)) for each in found]
        return []

    def leader(self) -> Machine:
        """The machine of the leader."""
        (name,) = (each.name for each in self.members() if each.role == "leader" and each.state == "running")
        return self.machines[name]

    def others(self, machine: Machine) -> list[Machine]:
        return [each for each in self.machines.values() if each is not machine]

    def is_healthy(self) -> bool:
        """Whether there is a leader, which both other members follow, synchronously if the cluster is synchronous."""
        members = self.members()
        standby = "quorum_standby" if self.synchronous else "replica"
        return (
            sorted((each.role, each.state) for each in members)
            == sorted([("leader", "running"), *[(standby, "streaming")] * 2])
            and len({each.timeline for each in members}) == 1
        )

    def wait_until_healthy(self) -> None:
        wait_for(self.is_healthy, HEALTHY_WITHIN, lambda: f"the cluster is not healthy: {self.members()}")

    def has_other_leader(self, than: Machine) -> bool:
        """Whether a member other than this one leads, as any other member sees it."""
        for machine in self.others(than):
            with suppress(httpx2.HTTPError):
                if self._http.get(f"http://{machine.name}:8008/primary").status_code == httpx2.codes.OK:
                    return True
        return False

    def switch_over(self, leader: Machine) -> None:
        """Asks the leader to let another member lead, and returns when one does."""
        url = f"http://{leader.name}:8008/switchover"
        self._http.post(url, json={"leader": leader.name}, timeout=HEALTHY_WITHIN).raise_for_status()

    def replicate_asynchronously(self) -> None:
        """Lets the leader answer before any standby has a write, from now on."""
        url = f"http://{self.leader().name}:8008/config"
        off = {"synchronous_mode": False, "synchronous_mode_strict": False}
        self._http.patch(url, json=off).raise_for_status()
        self.synchronous = False
        self.wait_until_healthy()

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        """What the leader's database of Goatfish answers."""
        with psycopg.connect(self.url(database=DATABASE), connect_timeout=2) as connection:
            return connection.execute(query.encode()).fetchall()


def wait_for(holds: Callable[[], bool], seconds: float, failure: Callable[[], str]) -> None:
    """Returns when it holds; raises AssertionError if it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, failure()
        time.sleep(0.2)


@contextmanager
def running_cluster(home: Path) -> Iterator[Cluster]:
    """A new cluster, once it is healthy."""
    build_network(HOSTS, home)
    with ExitStack() as stack:
        stack.enter_context(_program(home, "haproxy", ["haproxy", "-db", "-f", str(FILES / "haproxy.cfg")]))
        cluster = Cluster(home, find_binaries())
        for machine in (cluster.etcd, *cluster.machines.values()):
            stack.callback(machine.lose)
            machine.start()
        cluster.wait_until_healthy()
        yield cluster


@contextmanager
def running_pgbouncer(home: Path, user: str, password: str) -> Iterator[str]:
    """Runs PgBouncer, for this user; yields its address."""
    users = home / "userlist.txt"
    users.write_text(f'"{user}" "{password}"\n')
    text = (FILES / "pgbouncer.ini").read_text().replace("/etc/pgbouncer/userlist.txt", str(users))
    if not has_prepared_statements():
        text = text.replace("max_prepared_statements = 200\n", "")
    configuration = home / "pgbouncer.ini"
    configuration.write_text(text)
    with _program(home, "pgbouncer", ["/bin/sh", "-c", RESTARTED, "restarted", "pgbouncer", str(configuration)]):
        yield f"{HERE}:6432"


def has_prepared_statements() -> bool:
    """Whether this PgBouncer keeps prepared statements."""
    said = subprocess.run(["pgbouncer", "--version"], capture_output=True, text=True, check=True).stdout
    number = re.search(r"PgBouncer (\d+)\.(\d+)", said)
    return number is not None and tuple(map(int, number.groups())) >= PREPARED_STATEMENTS_SINCE


@contextmanager
def _program(home: Path, name: str, command: list[str]) -> Iterator[None]:
    with (
        (home / f"{name}.log").open("wb") as log,
        subprocess.Popen([*PROGRAM, *command], stdout=log, stderr=log) as process,
    ):
        try:
            yield
        finally:
            process.kill()
