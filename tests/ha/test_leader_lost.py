"""Whichever way the leader is lost, no acknowledged write is, and another leader is found in bounded time."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests.ha.cluster import WAYS, Cluster, wait_for
from tests.ha.conftest import Services
from tests.ha.machines import Machine
from tests.ha.results import compare
from tests.ha.writers import Writers, writing

STEADY = 20  # acknowledged writes by each way before the leader is lost, and after another is found
ELECTED_WITHIN, WRITING_WITHIN = 60, 30  # seconds
ANSWERED_WITHIN = 15  # seconds: the time limit of a request, which is 10, and 5 for a busy machine
LEASE = 20  # seconds after which a leader that says nothing is replaced: ttl in patroni.yml
UNNOTICED = 5  # seconds: shorter than any change of the leader that waits for the lease
Fault = Callable[[Cluster, Machine], Callable[[], object]]
"""What happens to a machine; returns what ends it."""


def switched_over(cluster: Cluster, leader: Machine) -> Callable[[], object]:
    cluster.switch_over(leader)
    return cluster.wait_until_healthy


def killed(cluster: Cluster, leader: Machine) -> Callable[[], object]:
    assert leader.signal(signal.SIGKILL, program="postgres")
    return cluster.wait_until_healthy


def lost(cluster: Cluster, leader: Machine) -> Callable[[], object]:
    leader.lose()
    return leader.start


def frozen(cluster: Cluster, machine: Machine) -> Callable[[], object]:
    assert machine.signal(signal.SIGSTOP)
    return lambda: machine.signal(signal.SIGCONT)


def cut_off(cluster: Cluster, leader: Machine) -> Callable[[], object]:
    leader.cut_off()
    return leader.reconnect


def cut_off_from_members(cluster: Cluster, leader: Machine) -> Callable[[], object]:
    """The services still reach it."""
    unreachable = [each.address for each in (cluster.etcd, *cluster.others(leader))]
    leader.ignore(unreachable)
    return lambda: leader.heed(unreachable)


LEADER_LOST: dict[str, Fault] = {
    "switchover": switched_over,
    "PostgreSQL killed": killed,
    "machine lost": lost,
    "frozen": frozen,
    "cut off": cut_off,
    "cut off from etcd and the standbys": cut_off_from_members,
}


@pytest.mark.parametrize("name", LEADER_LOST)
def test_no_acknowledged_write_is_lost_with_the_leader(cluster: Cluster, services: Services, name: str) -> None:
    leader = cluster.leader()
    with writing(services.urls, services.key, name) as writers, ExitStack() as stack:
        wait_until_steady(writers, since=0)
        began = time.monotonic()
        stack.callback(LEADER_LOST[name](cluster, leader))
        elected = wait_for_other_leader(cluster, leader)
        wait_until_steady(writers, since=elected)
        stack.close()
        cluster.wait_until_healthy()
    kept = compare(name, cluster, writers, began, elected)
    assert (kept.lost, kept.twice) == (0, 0)
    assert max(heard.slowest for heard in writers.heard.values()) < ANSWERED_WITHIN


@pytest.mark.parametrize("name", ["a standby frozen", "etcd frozen"])
def test_writes_go_on_without_a_standby_and_without_etcd(cluster: Cluster, services: Services, name: str) -> None:
    leader = cluster.leader()
    machine = cluster.etcd if name == "etcd frozen" else cluster.others(leader)[0]
    with writing(services.urls, services.key, name) as writers, ExitStack() as stack:
        wait_until_steady(writers, since=0)
        began = time.monotonic()
        stack.callback(frozen(cluster, machine))
        threading.Event().wait(LEASE + UNNOTICED)  # nothing is to happen
        stack.close()
        cluster.wait_until_healthy()
    assert cluster.leader() is leader
    kept = compare(name, cluster, writers, began, began)
    assert (kept.lost, kept.twice) == (0, 0)
    assert all(writers.heard[way].gap(began) < UNNOTICED for way in WAYS)


def test_asynchronous_replication_is_seen_to_lose_writes(cluster: Cluster, services: Services) -> None:
    """The control, last as it leaves the cluster so: these tests can see a loss."""
    cluster.replicate_asynchronously()
    leader, name = cluster.leader(), "asynchronous: machine lost"
    with writing(services.urls, services.key, name) as writers, ExitStack() as stack:
        wait_until_steady(writers, since=0)
        leader.ignore(each.address for each in cluster.others(leader))  # replication lags behind
        wait_until_steady(writers, since=time.monotonic())
        began = time.monotonic()
        stack.callback(lost(cluster, leader))
        elected = wait_for_other_leader(cluster, leader)
        wait_until_steady(writers, since=elected)
        stack.close()
        cluster.wait_until_healthy()
    assert compare(name, cluster, writers, began, elected).lost > 0


def wait_until_steady(writers: Writers, since: float) -> None:
    """Returns when each way has acknowledged some writes since this moment."""
    wait_for(
        lambda: all(writers.heard[way].count(since) >= STEADY for way in WAYS),
        WRITING_WITHIN,
        lambda: f"too few writes: { ({way: writers.heard[way].count(since) for way in WAYS}) }",
    )


def wait_for_other_leader(cluster: Cluster, leader: Machine) -> float:
    """The moment when another machine leads."""
    wait_for(lambda: cluster.has_other_leader(leader), ELECTED_WITHIN, lambda: "no other machine leads")
    return time.monotonic()
