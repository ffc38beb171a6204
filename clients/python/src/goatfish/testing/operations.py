"""The operations of the API, by method and path, and what each does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from re import Pattern
from typing import Any, Callable

from goatfish.testing import webhooks
from goatfish.testing.calls import (
    API,
    Answer,
    Call,
    Faults,
    Operation,
    checked,
    listed_answer,
    object_answer,
    once,
    tag_of,
)
from goatfish.testing.filters import matching
from goatfish.testing.key_operations import create_key, get_key, list_keys, read_rolled, revoke_key, roll_key, whoami
from goatfish.testing.keys import (
    read_new,
)
from goatfish.testing.kinds import Whole
from goatfish.testing.members import REQUIRED, Field, read_members
from goatfish.testing.objects import ENTITIES, RUN, SIMULATION, Body, Entity, read_body
from goatfish.testing.pages import Place, sealed, within_size
from goatfish.testing.problems import CATALOGUE, ERRORS_MAX, Fault, Refusal, at
from goatfish.testing.reports import summary, table
from goatfish.testing.requests import JSON, PATCH
from goatfish.testing.tenant import Revision, Stored


def _create(entity: Entity, call: Call) -> Answer:
    many = call.operation.many

    def create() -> list[Stored]:
        call.conditions.check_list()
        return call.tenant.create(entity, call.values, call.change, many=many)

    made, replayed = once(call, create)
    headers = {"Idempotency-Replayed": "true"} if replayed else {}
    if many:
        return Answer(201, {"items": [each.body for each in made]}, headers)
    (stored,) = made
    location = f"{API}/{entity.plural}/{stored.body['id']}"
    return Answer(201, stored.body, {"ETag": tag_of(entity.kind, stored.version), "Location": location, **headers})


def _read_one(entity: Entity, content: Any, _: Call) -> Faults:
    values, types, rules = read_body(entity, content, "create")
    return [(values, content)], types, rules


def _read_many(entity: Entity, content: Any, _: Call) -> Faults:
    items = content.get("items") if isinstance(content, dict) else None
    shell = [] if isinstance(content, dict) else [at((), "wrong_type", "This is not an object.")]
    if not shell and "items" not in content:
        shell.append(at(("items",), "missing", "This is required."))
    elif not shell and not isinstance(items, list):
        shell.append(at(("items",), "wrong_type", "This is not an array."))
    elif not shell and not items:
        shell.append(at(("items",), "too_short", "There are too few items."))
    elif items is not None and len(items) > 1000:
        detail = "There are too many items."
        raise Refusal("validation_failed", detail, [at(("items",), "too_long", detail)])
    unknown = [name for name in content if name != "items"] if isinstance(content, dict) else []
    shell += [at((name,), "unknown", "There is nothing of this name.") for name in unknown]
    read: list[Any] = []
    types: list[Fault] = []
    rules: list[Fault] = []
    for place, item in enumerate(items if isinstance(items, list) else ()):
        values, *found = read_body(entity, item, "create")
        read.append((values, item))
        for faults, all_faults in zip(found, (types, rules)):
            all_faults += [{**fault, "pointer": f"#/items/{place}{fault['pointer'][1:]}"} for fault in faults]
        if len(types) >= ERRORS_MAX:
            break
    return read, [*shell, *types], rules


def _change(entity: Entity, call: Call, *, patch: bool) -> Answer:
    check = checked(call, entity.kind)
    stored = call.tenant.change(entity, call.id, call.values, call.change, check, patch=patch)
    return object_answer(entity.kind, stored)


def _delete(entity: Entity, call: Call) -> Answer:
    call.tenant.delete(entity, call.id, call.change, checked(call, entity.kind))
    return Answer(204)


def _restore(entity: Entity, call: Call) -> Answer:
    version, check = call.values["version"], checked(call, entity.kind)
    return object_answer(entity.kind, call.tenant.restore(entity, call.id, version, call.change, check))


def _get(entity: Entity, call: Call) -> Answer:
    return object_answer(entity.kind, call.tenant.get(entity.kind, call.id), call)


def _list(entity: Entity, call: Call) -> Answer:
    bodies = [each.body for each in call.tenant.rows[entity.kind].values()]
    sort = call.query.values.get("sort", "-created_at")
    return listed_answer(call, entity.plural, matching(entity.kind, bodies, call.query), sort)


def _revisions(entity: Entity, call: Call) -> Answer:
    revisions = call.tenant.revisions_of(entity, call.id)
    if not revisions and "cursor" not in call.query.values:
        call.tenant.get(entity.kind, call.id)
    rows = [{"id": each.id, "version": each.version, "shown": each.shown()} for each in revisions]
    listing = f"{entity.plural}/{call.id}/revisions"
    return listed_answer(call, listing, rows, "-version", shown=lambda row: row["shown"])


def _runs_of(call: Call) -> list[Body]:
    call.tenant.get("simulation", call.id)
    return [run.body for run in call.tenant.rows["run"].values() if run.body["simulation_id"] == call.id]


def _summary(call: Call) -> Answer:
    return Answer(200, summary(_runs_of(call)))


def _export(call: Call) -> Answer:
    text = table(matching("run", _runs_of(call), call.query))
    name = f'attachment; filename="runs-{call.id}.csv"'
    return Answer(200, text, {"Content-Disposition": name}, "text/csv; charset=utf-8")


def _changes(call: Call) -> Answer:
    tenant, after = call.tenant, call.query.values.get("after")
    kinds = {entity.kind for entity in ENTITIES.values() if f"{entity.plural}:read" in call.key.scopes}
    if not kinds:
        raise Refusal("missing_scope", "The key lacks the scope simulations:read or runs:read.")
    listing = f"{tenant.id} changes"
    if after == "latest":
        end, following = tenant.last, []
    else:
        if after is not None and after.listing != listing:
            raise Refusal("invalid_cursor")
        start = 0 if after is None else after.value
        if after is not None and not tenant.forgotten <= start <= tenant.last:
            raise Refusal("changes_forgotten", "The changes after this cursor have been purged.")
        following = [each for each in tenant.revisions if each.number > start]
        end = start
    shown = within_size(following[: call.query.values.get("limit", 20)], Revision.shown)
    cursor = sealed(Place(listing, shown[-1].number if shown else end, ""))
    items = [each.shown() for each in shown if each.kind in kinds]
    return Answer(200, {"items": items, "next_cursor": cursor, "has_more": len(following) > len(shown)})


_VERSION = {"version": Field(Whole(1, 2**31 - 1, "version", "A version is"), REQUIRED)}


def _read_version(content: Any, _: Call) -> Faults:
    values, wrong = read_members(_VERSION, content)
    return values, [at(*each) for each in wrong], []


def _probe(_: Call) -> Answer:
    return Answer(200, {"status": "ok"})


def _problem(call: Call) -> Answer:
    found = CATALOGUE.get(call.id.replace("-", "_"))
    if found is None or found.type != f"/problems/{call.id}":
        raise Refusal("not_found")
    shown = {"type": found.type, "code": found.code, "status": found.status}
    return Answer(200, {**shown, "title": found.title, "meaning": found.meaning})


def _of_entity(entity: Entity) -> dict[str, Operation]:
    kind, plural = entity.kind, entity.plural
    reads, writes = (f"{plural}:read",), (f"{plural}:write",)
    create = partial(_create, entity)
    many, one = f"{API}/{plural}", f"{API}/{plural}/{{id}}"

    def body(mode: str) -> Callable[[Any, Call], Faults]:
        return lambda content, _: read_body(entity, content, mode)

    def changing(name: str, mode: str) -> Operation:
        run = partial(_change, entity, patch=mode == "patch")
        types = PATCH if mode == "patch" else JSON
        return Operation(f"{name}_{kind}", run, writes, body(mode), types, writes=True)

    return {
        f"GET {many}": Operation(f"list_{plural}", partial(_list, entity), reads, query=(kind, "list")),
        f"POST {many}": Operation(
            f"create_{kind}", create, writes, partial(_read_one, entity), repeatable=True, writes=True
        ),
        f"POST {many}/batch": Operation(
            f"create_{plural}", create, writes, partial(_read_many, entity), repeatable=True, writes=True
        ),
        f"GET {one}": Operation(f"get_{kind}", partial(_get, entity), reads),
        f"PUT {one}": changing("replace", "replace"),
        f"PATCH {one}": changing("update", "patch"),
        f"POST {one}": changing("amend", "patch"),
        f"DELETE {one}": Operation(f"delete_{kind}", partial(_delete, entity), writes, writes=True),
        f"GET {one}/revisions": Operation(
            f"list_{kind}_revisions", partial(_revisions, entity), reads, query=("", "list")
        ),
        f"POST {one}/restore": Operation(
            f"restore_{kind}", partial(_restore, entity), writes, _read_version, writes=True
        ),
    }


_MANAGES, _READS_RUNS, _WEBHOOKS = ("keys:manage",), ("runs:read",), ("webhooks:manage",)
OPERATIONS: Mapping[str, Operation] = {
    **_of_entity(SIMULATION),
    **_of_entity(RUN),
    f"GET {API}/simulations/{{id}}/summary": Operation("summarize_simulation", _summary, _READS_RUNS),
    f"GET {API}/simulations/{{id}}/runs.csv": Operation("export_runs", _export, _READS_RUNS, query=("run", "export")),
    f"GET {API}/changes": Operation("list_changes", _changes, query=("", "feed")),
    f"GET {API}/me": Operation("whoami", whoami),
    f"GET {API}/keys": Operation("list_keys", list_keys, _MANAGES, query=("", "list")),
    f"POST {API}/keys": Operation(
        "create_key",
        create_key,
        _MANAGES,
        lambda content, call: read_new(content, call.change.now),
        repeatable=True,
        writes=True,
    ),
    f"GET {API}/keys/{{id}}": Operation("get_key", get_key, _MANAGES),
    f"DELETE {API}/keys/{{id}}": Operation("revoke_key", revoke_key, _MANAGES, writes=True),
    f"POST {API}/keys/{{id}}/roll": Operation(
        "roll_key", roll_key, _MANAGES, read_rolled, repeatable=True, writes=True
    ),
    f"GET {API}/webhooks": Operation("list_webhooks", webhooks.list_webhooks, _WEBHOOKS, query=("", "list")),
    f"POST {API}/webhooks": Operation(
        "create_webhook", webhooks.create_webhook, _WEBHOOKS, webhooks.read_created, repeatable=True, writes=True
    ),
    f"GET {API}/webhooks/{{id}}": Operation("get_webhook", webhooks.get_webhook, _WEBHOOKS),
    f"PATCH {API}/webhooks/{{id}}": Operation(
        "update_webhook", webhooks.update_webhook, _WEBHOOKS, webhooks.read_changed, PATCH, writes=True
    ),
    f"POST {API}/webhooks/{{id}}/roll": Operation(
        "roll_webhook", webhooks.roll_webhook, _WEBHOOKS, webhooks.read_rolled, writes=True
    ),
    f"DELETE {API}/webhooks/{{id}}": Operation("delete_webhook", webhooks.delete_webhook, _WEBHOOKS, writes=True),
    f"GET {API}/webhooks/{{id}}/deliveries": Operation(
        "list_webhook_deliveries", webhooks.list_deliveries, _WEBHOOKS, query=("", "list")
    ),
    f"POST {API}/webhooks/{{id}}/deliveries": Operation(
        "request_webhook_delivery", webhooks.request_delivery, _WEBHOOKS, webhooks.read_requested
    ),
    "GET /livez": Operation("livez", _probe, None),
    "GET /readyz": Operation("readyz", _probe, None),
    "GET /problems/{id}": Operation("get_problem", _problem, None),
}
"""By method and path."""


def _pattern(path: str) -> Pattern[str]:
    return re.compile(re.escape(path).replace(r"\{id\}", "([^/]+)"))


_BY_PATH: dict[str, tuple[Pattern[str], dict[str, Operation]]] = {}
for _at, _operation in OPERATIONS.items():
    _method, _path = _at.split(" ")
    _BY_PATH.setdefault(_path, (_pattern(_path), {}))[1][_method] = _operation


def find(method: str, path: str) -> tuple[Operation, str]:
    """The operation at this path, and the id in the path. Raises ``Refusal`` (404, 405)."""
    method = "GET" if method == "HEAD" else method
    for template in sorted(_BY_PATH, key=lambda each: "{" in each):
        pattern, operations = _BY_PATH[template]
        found = pattern.fullmatch(path)
        if found is None or re.search("%2F|%0A", path, re.IGNORECASE):
            continue
        if method not in operations:
            allowed = sorted({*operations, *(["HEAD"] if "GET" in operations else [])})
            raise Refusal("method_not_allowed", headers={"Allow": ", ".join(allowed)})
        return operations[method], found[1] if found.groups() else ""
    raise Refusal("not_found")


def operation_name(method: str, path: str) -> str | None:
    """The ``operationId`` of a request; None where there is none."""
    try:
        return find(method, path)[0].name
    except Refusal:
        return None
