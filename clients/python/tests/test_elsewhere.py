"""A client in other processes, behind proxies that are none, and simulations by name."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from typing import Any

import pytest

import goatfish


def ask(client: goatfish.Client) -> None:
    client.live()


def test_a_client_that_was_used_works_in_a_worker_of_a_pool(real: Any) -> None:
    with real.client() as client:
        client.live()
        worker = multiprocessing.get_context("spawn").Process(target=ask, args=(client,))
        worker.start()
        worker.join(60)
        assert worker.exitcode == 0


def test_copies_have_connections_of_their_own(real: Any) -> None:
    with real.client(timeout=7.0, max_retries=1) as client:
        client.live()
        with client.run("Wing", capture=False):
            pass
        others = [pickle.loads(pickle.dumps(client)), copy.deepcopy(client)]
    for other in others:
        assert other.me().owner == client_owner(real)
        assert (other._sender.timeout, other._sender.max_retries) == (7.0, 1)
        other.close()
        other.close()
        with pytest.raises(RuntimeError, match="closed"):
            other.live()


def client_owner(service: Any) -> goatfish.Owner:
    with service.client() as client:
        owner: goatfish.Owner = client.me().owner
        return owner


@pytest.mark.parametrize("proxy", ["http://proxy:99999", "http://[proxy", "proxy://proxy:80", "http://\x7f:1"])
def test_a_proxy_that_is_none(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setenv("https_proxy", proxy)
    failures = (goatfish.ConfigurationError, goatfish.ConnectionFailed)
    with goatfish.Client("https://goatfish.example", "gf_a_b", max_retries=0) as client, pytest.raises(failures):
        client.live()


def test_a_wrong_proxy_does_not_disturb_a_block(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("GOATFISH_SPOOL", str(tmp_path))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:99999")
    monkeypatch.setenv("https_proxy", "http://proxy:99999")
    with (
        goatfish.Client("https://goatfish.example", "gf_a_b", max_retries=0) as client,
        client.run("Wing", capture=False) as run,
    ):
        run.results(cl=1)
    assert not run.is_sent
    assert len(list(tmp_path.glob("*.jsonl"))) == 1


def test_a_table_of_a_simulation_by_its_name(client: goatfish.Client, simulation: goatfish.Simulation) -> None:
    pytest.importorskip("pandas")
    client.runs.create(simulation, name="one")
    for wanted in (simulation, simulation.id, simulation.name):
        assert list(client.runs.to_pandas(wanted)["name"]) == ["one"]
    with pytest.raises(goatfish.NotFound, match="no simulation with the name 'nobody has this'"):
        client.runs.to_pandas("nobody has this")
