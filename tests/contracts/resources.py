"""The resource cases of all entities, derived from their declared fields."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import fields as kinds
from domain.entity_spec import EntitySpec, NotBefore, spec_of
from domain.field_spec import FieldSpec
from domain.runs.run import Run
from domain.runs.status import RunStatus
from domain.simulations.simulation import Simulation
from tests.contracts import field_values
from tests.contracts.field_values import as_json
from tests.contracts.resource_case import Json, ResourceCase, Violations

__all__ = [
    "RESOURCES",
    "Json",
    "ResourceCase",
    "ResourceFixtures",
    "Violations",
    "every_contradiction",
    "every_order",
    "resource_case",
    "resource_of",
]


def resource_case(
    entity: type[Any],
    *,
    values: Mapping[str, Sequence[Any]] | None = None,
    contradiction: tuple[Json, Violations] | None = None,
    refused: Sequence[tuple[Json, Violations]] = (),
    state: Json | None = None,
    **costs: Any,
) -> ResourceCase:
    """Derives the case of an entity from its declared fields. Arguments replace or extend the derived data."""
    spec = spec_of(entity)
    given = values or {}
    derived = {name: given[name] if name in given else tuple(_three(spec, each)) for name, each in spec.fields.items()}
    wrong = [
        ({name: value}, {f"#/{name}": code})
        for name, each in spec.fields.items()
        for value, code in field_values.refused(each)
        if not each.kind.immutable  # any change of it is refused, whatever the value
    ]
    wrong += [
        ({name: value}, {f"#/{name}{place}": code})
        for name, each in spec.fields.items()
        for value, code, place in field_values.refused_members(each)
    ]
    return ResourceCase(
        spec=spec,
        values=derived,
        refused=[*wrong, *refused],
        contradiction=contradiction or _contradiction(spec),
        state=state or {},
        **costs,
    )


def _three(spec: EntitySpec, field: FieldSpec) -> Iterator[Any]:
    # Optional references and optional unique members are tested with specimens.
    particular = field.optional and (field.kind.unique or isinstance(field.kind, kinds.Reference))
    value = None if particular else field_values.example(field)
    yield value
    if particular or field.kind.immutable:
        yield from (value, value)
        return
    another = field_values.another(field, value)
    # Objects may be created in any state, but changes must keep it: not every transition is allowed.
    yield value if spec.transitions and isinstance(field.kind, kinds.Choice) else another
    yield field_values.another(field, another)


def _contradiction(spec: EntitySpec) -> tuple[Json, Violations] | None:
    for rule in spec.rules:
        if isinstance(rule, NotBefore):
            _, last = rule.fields
            ends = field_values.ends(spec.fields[last])
            if ends is not None:
                return {last: as_json(ends[0])}, {f"#/{rule.violation.field}": rule.violation.code}
    return None


def _hours(*hours: int) -> tuple[datetime, ...]:
    return tuple(datetime(2026, 1, 5, tzinfo=UTC) + timedelta(hours=each) for each in hours)


RESOURCES = (
    resource_case(Simulation),
    resource_case(
        Run,
        # A run that has ended is the only one that may have both times.
        values={
            "status": (RunStatus.SUCCEEDED, RunStatus.SUCCEEDED, RunStatus.FAILED),
            "started_at": _hours(8, 9, 10),
            "finished_at": _hours(18, 19, 20),
        },
        state={"status": "succeeded"},
        # Reads the runs that have a name, then those that have none.
        statements={"list, filtered": (2, 2)},
        calls={
            "list": 932,
            "create": 358,
            "batch": 12_300,
            "get": 132,
            "get, 304": 139,
            "replace": 447,
            "update": 316,
            "amend": 316,
            "restore": 485,
        },
    ),
)


def resource_of(entity: type[Any]) -> ResourceCase:
    """The case of this entity."""
    (resource,) = (each for each in RESOURCES if each.entity is entity)
    return resource


SIMULATION = resource_of(Simulation)


every_order = pytest.mark.parametrize(
    ("resource", "order"),
    [
        pytest.param(resource, order, id=f"{resource.plural}-{order}")
        for resource in RESOURCES
        for order in resource.orders
    ],
)


every_contradiction = pytest.mark.parametrize(
    ("resource", "members", "expected"),
    [pytest.param(each, *each.contradiction, id=each.plural) for each in RESOURCES if each.contradiction],
)


class ResourceFixtures:
    """Runs tests for each ``resource``. Tenants of ``service`` have the objects that it must refer to."""

    @pytest.fixture(autouse=True)
    def tenants_have_referred_objects(self, request: pytest.FixtureRequest) -> Iterator[None]:
        if not {"service", "resource"} <= {*request.fixturenames}:
            yield
            return
        service = request.getfixturevalue("service")
        service.entities = (request.getfixturevalue("resource").entity,)
        yield
        service.entities = ()

    @pytest.fixture(params=RESOURCES, ids=lambda resource: resource.plural)
    def resource(self, request: pytest.FixtureRequest) -> ResourceCase:
        resource: ResourceCase = request.param
        return resource
