"""The client has every operation, parameter, member, value and problem code of docs/openapi.json, and none too many."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

import goatfish
from goatfish import errors, inputs, problems
from goatfish.http.library import httpx

DOCUMENT = json.loads((Path(__file__).parents[3] / "docs" / "openapi.json").read_bytes())
SCHEMAS = DOCUMENT["components"]["schemas"]
ID = "0199f3c2-7a10-7000-8000-000000000001"
DAY = "2026-01-05"
Call = Callable[[goatfish.Client], Any]
OPERATIONS: dict[str, tuple[str, Call]] = {
    "list_changes": ("changes.list", lambda c: c.changes.list()),
    "list_keys": ("keys.list", lambda c: c.keys.list().page()),
    "create_key": ("keys.create", lambda c: c.keys.create("k", ["runs:read"], idempotency_key="k")),
    "revoke_key": ("keys.revoke", lambda c: c.keys.revoke(ID)),
    "get_key": ("keys.get", lambda c: c.keys.get(ID)),
    "roll_key": ("keys.roll", lambda c: c.keys.roll(ID, idempotency_key="k")),
    "list_webhooks": ("webhooks.list", lambda c: c.webhooks.list().page()),
    "create_webhook": ("webhooks.create", lambda c: c.webhooks.create("https://a.example", ["run"])),
    "get_webhook": ("webhooks.get", lambda c: c.webhooks.get(ID)),
    "update_webhook": ("webhooks.update", lambda c: c.webhooks.update(ID, enabled=True)),
    "roll_webhook": ("webhooks.roll", lambda c: c.webhooks.roll(ID)),
    "delete_webhook": ("webhooks.delete", lambda c: c.webhooks.delete(ID)),
    "list_webhook_deliveries": ("webhooks.deliveries", lambda c: c.webhooks.deliveries(ID).page()),
    "request_webhook_delivery": ("webhooks.deliver", lambda c: c.webhooks.deliver(ID)),
    "whoami": ("me", lambda c: c.me()),
    "list_runs": ("runs.list", lambda c: c.runs.list().page()),
    "create_run": ("runs.create", lambda c: c.runs.create(ID)),
    "create_runs": ("runs.create_many", lambda c: c.runs.create_many([{}], simulation=ID)),
    "delete_run": ("runs.delete", lambda c: c.runs.delete(ID)),
    "get_run": ("runs.get", lambda c: c.runs.get(ID)),
    "update_run": ("runs.update", lambda c: c.runs.update(ID)),
    "amend_run": ("runs.amend", lambda c: c.runs.amend(ID)),
    "replace_run": ("runs.replace", lambda c: c.runs.replace(ID, simulation=ID)),
    "restore_run": ("runs.restore", lambda c: c.runs.restore(ID, 1)),
    "list_run_revisions": ("runs.revisions", lambda c: c.runs.revisions(ID).page()),
    "list_simulations": ("simulations.list", lambda c: c.simulations.list().page()),
    "create_simulation": ("simulations.create", lambda c: c.simulations.create("Wing", DAY, DAY)),
    "create_simulations": ("simulations.create_many", lambda c: c.simulations.create_many([{"name": "Wing"}])),
    "delete_simulation": ("simulations.delete", lambda c: c.simulations.delete(ID)),
    "get_simulation": ("simulations.get", lambda c: c.simulations.get(ID)),
    "update_simulation": ("simulations.update", lambda c: c.simulations.update(ID)),
    "amend_simulation": ("simulations.amend", lambda c: c.simulations.amend(ID)),
    "replace_simulation": (
        "simulations.replace",
        lambda c: c.simulations.replace(ID, name="Wing", start_date=DAY, end_date=DAY),
    ),
    "restore_simulation": ("simulations.restore", lambda c: c.simulations.restore(ID, 1)),
    "list_simulation_revisions": ("simulations.revisions", lambda c: c.simulations.revisions(ID).page()),
    "export_runs": ("simulations.export_runs", lambda c: c.simulations.export_runs(ID).__enter__().read()),
    "summarize_simulation": ("simulations.summary", lambda c: c.simulations.summary(ID)),
    "livez": ("live", lambda c: c.live()),
    "get_problem": ("problem", lambda c: c.problem("run_not_found")),
    "readyz": ("ready", lambda c: c.ready()),
}
BEYOND = {
    *("simulations.find", "simulations.ensure", "runs.to_pandas", "changes.follow", "changes.latest"),
    *("simulations", "runs", "keys", "changes", "webhooks", "request", "with_options", "close", "url", "page_of"),
}
"""What the client has beside the operations."""
MODELS = {
    "Run": goatfish.Run,
    "Simulation": goatfish.Simulation,
    "Artifact": goatfish.Artifact,
    "Quantity": goatfish.Quantity,
    "ApiKeyCreated": goatfish.Key,
    "CallerView": goatfish.Caller,
    "OwnerView": goatfish.Owner,
    "RunsSummary": goatfish.RunsSummary,
    "ResultSummary": goatfish.ResultSummary,
    "RunRevision": goatfish.RunRevision,
    "SimulationRevision": goatfish.SimulationRevision,
    "WebhookWithSecret": goatfish.Webhook,
    "DeliveryView": goatfish.Delivery,
    "WebhookPage": goatfish.Page,
    "WebhookDeliveryPage": goatfish.Page,
    "Probe": goatfish.Probe,
    "ProblemMeaning": goatfish.ProblemMeaning,
    "ProblemError": goatfish.ProblemError,
    "RunPage": goatfish.Page,
    "RunRevisionPage": goatfish.Page,
    "SimulationPage": goatfish.Page,
    "SimulationRevisionPage": goatfish.Page,
    "KeyPage": goatfish.Page,
    "ChangePage": goatfish.ChangePage,
}
ARGUMENTS = {
    "ApiKeyCreate": "keys.create",
    "ApiKeyRoll": "keys.roll",
    "RunCreate": "runs.create",
    "RunPatch": "runs.update",
    "RunReplace": "runs.replace",
    "SimulationCreate": "simulations.create",
    "SimulationPatch": "simulations.update",
    "RestoreBody": "runs.restore",
    "WebhookCreate": "webhooks.create",
    "WebhookPatch": "webhooks.update",
    "WebhookRoll": "webhooks.roll",
    "DeliveryRequest": "webhooks.deliver",
}
OTHERWISE = {
    "ApiKeyView",  # a Key without its secret
    "ArtifactInput",  # an Artifact, or a mapping
    "QuantityInput",  # a Quantity, a pair, or a mapping
    "Problem",  # an APIError
    "Webhook",  # without its secret
    *("RunBatch", "RunBatchView", "SimulationBatch", "SimulationBatchView"),  # a list
}
VALUES = {
    "Action": goatfish.Action,
    "RunSort": goatfish.RunSort,
    "RunStatus": goatfish.RunStatus,
    "Scope": goatfish.Scope,
    "DeliveryCause": goatfish.DeliveryCause,
    "DisabledReason": goatfish.DisabledReason,
    "SimulationSort": goatfish.SimulationSort,
}
NOT_SHOWN = {"cross_origin_refused", "method_not_allowed"}
"""Codes that no documented operation answers."""


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method in {"get", "put", "post", "patch", "delete"}:
                yield method.upper(), path, operation


def found(name: str, client: Any = goatfish.Client) -> Any:
    """The method of this name, as ``runs.list``."""
    *resources, method = name.split(".")
    target = client("http://localhost", "key")
    for each in resources:
        target = getattr(target, each)
    return getattr(target, method)


def arguments(name: str) -> set[str]:
    """The members and parameters that a method takes, by the API's names."""
    given = inspect.signature(found(name)).parameters.keys() - {"idempotency_key", "if_unchanged", "id", "target"}
    return {"simulation_id" if each == "simulation" else each for each in given}


def test_every_operation_is_called_as_the_document_says() -> None:
    calls = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append((request.method, request.url.path))
        return httpx.Response(200, json={"items": [], "next_cursor": "a", "id": ID, "has_more": False})

    documented = {operation["operationId"]: (method, path) for method, path, operation in operations()}
    assert OPERATIONS.keys() == documented.keys()
    client = goatfish.Client("http://localhost", "key", transport=httpx.MockTransport(answer))
    for name, (method, path) in documented.items():
        calls.clear()
        OPERATIONS[name][1](client)
        ((sent, place),) = calls
        assert sent == method, name
        assert re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), place), name


@pytest.mark.parametrize("kind", [goatfish.Client, goatfish.AsyncClient])
def test_no_method_is_without_operation(kind: type[Any]) -> None:
    client = kind("http://localhost", "key")
    names = {name for name in dir(client) if not name.startswith("_")}
    for each in ("simulations", "runs", "keys", "changes", "webhooks"):
        public = {name for name in dir(getattr(client, each)) if name.islower() and not name.startswith("_")}
        names |= {f"{each}.{name}" for name in public}
    names = {"close" if name == "aclose" else name for name in names}
    assert names == {name for name, _ in OPERATIONS.values()} | BEYOND | ({"run"} & names)


def test_both_clients_take_the_same_arguments() -> None:
    for name, _ in OPERATIONS.values():
        one, other = found(name), found(name, goatfish.AsyncClient)
        assert list(inspect.signature(one).parameters) == list(inspect.signature(other).parameters), name


def test_every_query_parameter_is_an_argument() -> None:
    for _, _, operation in operations():
        name = OPERATIONS[operation["operationId"]][0]
        wanted = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
        if operation.get("requestBody") is None and wanted:
            assert arguments(name) == wanted - {"cursor"}, name
        else:
            assert not wanted, name


def test_every_creation_takes_an_idempotency_key() -> None:
    for _, _, operation in operations():
        name = OPERATIONS[operation["operationId"]][0]
        headers = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "header"}
        assert ("idempotency_key" in inspect.signature(found(name)).parameters) == ("Idempotency-Key" in headers), name


def test_every_schema_has_a_counterpart() -> None:
    assert {*MODELS, *ARGUMENTS, *OTHERWISE, *VALUES} == SCHEMAS.keys()


@pytest.mark.parametrize("name", MODELS)
def test_models_have_the_members_of_the_document(name: str) -> None:
    members = {each.name for each in dataclasses.fields(MODELS[name])}
    assert members - {"response"} == SCHEMAS[name]["properties"].keys()


@pytest.mark.parametrize("name", ARGUMENTS)
def test_methods_take_the_members_of_the_document(name: str) -> None:
    assert arguments(ARGUMENTS[name]) == SCHEMAS[name]["properties"].keys()


@pytest.mark.parametrize(
    ("kind", "name"), [(inputs.RunInput, "RunCreate"), (inputs.SimulationInput, "SimulationCreate")]
)
def test_items_of_batches_have_the_members_of_the_document(kind: type[Any], name: str) -> None:
    assert kind.__annotations__.keys() - {"simulation"} == SCHEMAS[name]["properties"].keys()


def test_amendments_are_updates() -> None:
    for each in ("runs", "simulations"):
        assert arguments(f"{each}.amend") == arguments(f"{each}.update")


@pytest.mark.parametrize("name", VALUES)
def test_values_are_those_of_the_document(name: str) -> None:
    assert sorted(get_args(VALUES[name])) == sorted(SCHEMAS[name]["enum"])


def test_changes_have_the_members_of_all_revisions() -> None:
    members = {each.name for each in dataclasses.fields(goatfish.Change)}
    assert members - {"cursor"} == SCHEMAS["RunRevision"]["properties"].keys()
    kinds = {SCHEMAS[name]["properties"]["kind"]["const"] for name in ("RunRevision", "SimulationRevision")}
    assert goatfish.Change.KINDS.keys() == kinds


def codes(part: Any) -> Iterator[tuple[str, int]]:
    if isinstance(part, dict):
        if isinstance(part.get("code"), str) and isinstance(part.get("status"), int):
            yield part["code"], part["status"]
        for each in part.values():
            yield from codes(each)
    elif isinstance(part, list):
        for each in part:
            yield from codes(each)


def test_every_problem_code_has_a_class_of_its_status() -> None:
    documented = dict(codes(DOCUMENT))
    assert problems.OF_CODE.keys() == documented.keys() | NOT_SHOWN
    for code, status in documented.items():
        above = problems.OF_STATUS.get(status) or (errors.ServerError if status >= 500 else errors.APIError)
        assert issubclass(problems.OF_CODE[code], above), code
    classes = list(problems.OF_CODE.values())
    assert len(set(classes)) == len(classes)


def test_the_service_explains_every_problem_code(client: goatfish.Client) -> None:
    for code, kind in problems.OF_CODE.items():
        meaning = client.problem(code)
        assert meaning.code == code
        assert meaning.meaning
        assert not problems.OF_STATUS.get(meaning.status) or issubclass(kind, problems.OF_STATUS[meaning.status])
    assert client.problem("/problems/run-not-found") == client.problem("run_not_found")


def test_everything_public_is_exported() -> None:
    raised = {name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, Exception)}
    assert raised <= set(goatfish.__all__)
    assert {each.__name__ for each in MODELS.values()} <= set(goatfish.__all__)
    assert all(hasattr(goatfish, name) for name in goatfish.__all__)
