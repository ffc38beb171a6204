"""A client that a well-known generator makes of the committed document: it runs the whole life of a simulation."""

import importlib
import sys
from collections.abc import Iterator
from datetime import date
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from tests.embedded_postgres import Server
from tests.running_service import Live, live

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
PACKAGE = "goatfish_generated_client"


@pytest.fixture(scope="module")
def service() -> Iterator[Live]:
    with Server() as server, live(server.url, server.operator_url) as running:
        yield running


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of the generated package, which can be imported while the test runs."""
    config = Config.from_sources(
        ConfigFile(post_hooks=[]),
        MetaType.NONE,
        document_source=DOCUMENT,
        file_encoding="utf-8",
        overwrite=False,
        output_path=tmp_path / PACKAGE,
    )
    assert list(generate(config=config)) == [], "the generator finds fault with the document"
    monkeypatch.syspath_prepend(tmp_path)
    yield PACKAGE
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def test_a_generated_client_runs_the_whole_life_of_a_simulation(package: str, service: Live) -> None:
    models = importlib.import_module(f"{package}.models")
    client = importlib.import_module(package).AuthenticatedClient(base_url=service.url, token=service.key)

    def call(operation: str, *path: str, **arguments: Any) -> Any:
        api = importlib.import_module(f"{package}.api.simulations.{operation}")
        return api.sync_detailed(*path, client=client, **arguments)

    def body(**members: Any) -> Any:
        return models.SimulationCreate(start_date=date(2026, 1, 5), end_date=date(2026, 2, 1), **members)

    with client:
        made = call("create_simulation", body=body(name="Wing"), idempotency_key="one")
        assert made.status_code == HTTPStatus.CREATED
        again = call("create_simulation", body=body(name="Wing"), idempotency_key="one")
        assert again.parsed == made.parsed
        assert again.headers["Idempotency-Replayed"] == "true"
        id = made.parsed.id
        assert [item.id for item in call("list_simulations", name="wing").parsed.items] == [id]
        assert call("get_simulation", id).parsed == made.parsed
        replaced = call("replace_simulation", id, body=body(name="Tail"), if_match=made.headers["ETag"])
        assert replaced.parsed.name == "Tail"
        stale = call("replace_simulation", id, body=body(name="Rudder"), if_match=made.headers["ETag"])
        assert (stale.status_code, stale.parsed.code) == (HTTPStatus.PRECONDITION_FAILED, "precondition_failed")
        changes = models.SimulationPatch(end_date=date(2026, 3, 1))
        assert call("update_simulation", id, body=changes).parsed.end_date == date(2026, 3, 1)
        amended = call("amend_simulation", id, body=models.SimulationPatch(name="Flap"))
        assert (amended.parsed.name, amended.parsed.end_date) == ("Flap", date(2026, 3, 1))
        assert call("delete_simulation", id).status_code == HTTPStatus.NO_CONTENT
        gone = call("get_simulation", id)
        assert (gone.status_code, gone.parsed.code) == (HTTPStatus.NOT_FOUND, "simulation_not_found")
