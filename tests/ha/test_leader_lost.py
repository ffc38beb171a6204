"""Whichever way the leader is lost, no acknowledged write is, and another leader is found in bounded time."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.ha.cluster import Cluster, wait_for
from tests.ha.conftest import DATABASE, REPORT, Services
from tests.ha.machines import Machine
from tests.ha.writers import Writers, writing

STEADY = 20  # acknowledged writes of each way before the leader is lost, and after another is found
ELECTED_WITHIN, WRITING_WITHIN = 60, 30  # seconds
FROZEN_FOR = 25  # seconds: longer than the lease of the leader
ANSWERED_WITHIN = 25  # seconds


@dataclass(frozen=True)
class Fault:
    """What happens to the leader, and what ends it."""

    begin: Callable[[Cluster, Machine], object]
    end: Callable[[Cluster, Machine], object]


def _nothing(cluster: Cluster, leader: Machine) -> None:
    pass


def _others_and_etcd(cluster: Cluster, leader: Machine) -> list[str]:
    return [each.address for each in (cluster.etcd, *cluster.others(leader))]


FAULTS = {
    "switchover": Fault(lambda cluster, _: cluster.switch_over(), _nothing),
    "PostgreSQL killed": Fault(lambda _, leader: leader.signal(signal.SIGKILL, program="postgres"), _nothing),
    "machine lost": Fault(lambda _, leader: leader.lose(), lambda _, leader: leader.start()),
    "frozen": Fault(
        lambda _, leader: leader.signal(signal.SIGSTOP), lambda _, leader: leader.signal(signal.SIGCONT)
    ),
    "cut off": Fault(lambda _, leader: leader.cut_off(), lambda _, leader: leader.reconnect()),
    "cut off from the other members": Fault(
        lambda cluster, leader: leader.ignore(_others_and_etcd(cluster, leader)),
        lambda cluster, leader: leader.heed(_others_and_etcd(cluster, leader)),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_no_acknowledged_write_is_lost_with_the_leader(cluster: Cluster, services: Services, name: str) -> None:
    leader, fault = cluster.leader(), FAULTS[name]
    with writing(services.urls, services.key, name) as writers:
        wait_until_steady(writers, services, since=0)
        began = time.monotonic()
        fault.begin(cluster, leader)
        wait_for(lambda: cluster.has_other_leader(leader), ELECTED_WITHIN, lambda: "no other leader")
        elected = time.monotonic()
        try:
            wait_until_steady(writers, services, since=elected)
        finally:
            fault.end(cluster, leader)
        cluster.wait_until_healthy()
    kept = report(name, cluster, writers, began, elected)
    assert kept.lost == 0
    assert kept.twice == 0
    for heard in writers.heard.values():
        assert set(heard.alive) == {"200"}
        assert heard.slowest < ANSWERED_WITHIN


BYSTANDERS = {"standby frozen": lambda cluster: cluster.others(cluster.leader())[0], "etcd frozen": lambda cluster: cluster.etcd}


@pytest.mark.parametrize("name", BYSTANDERS)
def test_writes_go_on_without_a_standby_and_without_etcd(cluster: Cluster, services: Services, name: str) -> None:
    leader, frozen = cluster.leader(), BYSTANDERS[name](cluster)
    with writing(services.urls, services.key, name) as writers:
        wait_until_steady(writers, services, since=0)
        began = time.monotonic()
        frozen.signal(signal.SIGSTOP)
        try:
            time.sleep(FROZEN_FOR)
        finally:
            frozen.signal(signal.SIGCONT)
        cluster.wait_until_healthy()
    assert cluster.leader() is leader
    kept = report(name, cluster, writers, began, began)
    assert (kept.lost, kept.twice) == (0, 0)


def test_asynchronous_replication_is_seen_to_lose_writes(cluster: Cluster, services: Services) -> None:
    """Without synchronous replication, what the standbys have not received is lost: this test can see loss."""
    cluster.configure(synchronous_mode=False, synchronous_mode_strict=False)
    cluster.synchronous = False
    cluster.wait_until_healthy()
    leader = cluster.leader()
    with writing(services.urls, services.key, "asynchronous") as writers:
        wait_until_steady(writers, services, since=0)
        leader.ignore(each.address for each in cluster.others(leader))
        wait_until_steady(writers, services, since=time.monotonic())
        began = time.monotonic()
        leader.lose()
        wait_for(lambda: cluster.has_other_leader(leader), ELECTED_WITHIN, lambda: "no other leader")
        elected = time.monotonic()
        wait_until_steady(writers, services, since=elected)
        leader.start()
        cluster.wait_until_healthy()
    assert report("asynchronous", cluster, writers, began, elected).lost > 0


def wait_until_steady(writers: Writers, services: Services, since: float) -> None:
    """Returns when each way has acknowledged some writes since this moment."""

    def is_steady() -> bool:
        return all(writers.heard[way].count(since) >= STEADY for way in services.urls)

    wait_for(is_steady, WRITING_WITHIN, lambda: f"no writes: {dict(writers.heard)}")


@dataclass(frozen=True)
class Kept:
    """How many acknowledged simulations the database does not have, or has twice."""

    lost: int
    twice: int


def report(name: str, cluster: Cluster, writers: Writers, began: float, elected: float) -> Kept:
    rows = cluster.fetch(f"SELECT name, id::text FROM simulation WHERE name LIKE '{name}, %'", DATABASE)
    stored, acknowledged = set(rows), [each for heard in writers.heard.values() for each in heard.acknowledged]
    kept = Kept(
        lost=sum((each.name, each.id) not in stored for each in acknowledged),
        twice=sum(count > 1 for count in Counter(name for name, _ in rows).values()),
    )
    gaps = ", ".join(f"{heard.gap(began):.1f} ({way})" for way, heard in writers.heard.items())
    refused: Counter[str] = sum((heard.answers for heard in writers.heard.values()), Counter())
    repeated = sum(each.repeated for each in acknowledged)
    slowest = max(heard.slowest for heard in writers.heard.values())
    REPORT.append(
        f"{name}: other leader after {elected - began:.1f} s, gap {gaps}, {len(acknowledged)} acknowledged"
        f" ({repeated} of them repeated), {kept.lost} lost, {kept.twice} twice, {dict(refused)}, slowest {slowest:.1f}"
    )
    return kept
