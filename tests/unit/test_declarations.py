"""Invalid declarations of entities and fields are refused at the start, with a message that names the place."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar
from uuid import UUID

import pytest

from adapters.http_fastapi.kit.entities.resource import Resource
from adapters.http_fastapi.kit.problem_types import CATALOGUE
from domain.access.scopes import Scope, scopes_to
from domain.entity_spec import ConflictKind, spec_of
from domain.field_filters import FieldFilter, contains, equals
from domain.fields import Amount, Boolean, Choice, Day, Field, Integer, LongText, Reference, Text, Words
from domain.maps import Map
from domain.paging import Comparison
from domain.registry import ENTITIES
from domain.repository import OwnerId
from tests.catalogue import catalogue_restored


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    with catalogue_restored():
        yield


LABELS: Any = {"max_items": 1, "key_pattern": "a", "key_words": "a", "max_length": 1}


def declared(type_: Any, kind: Field, **class_variables: Any) -> Any:
    """An entity with one additional field, ``extra``, of this type and kind."""
    members = [
        *(("id", UUID), ("owner_id", OwnerId), ("extra", Annotated[type_, kind])),
        *(("created_at", datetime), ("updated_at", datetime), ("version", int)),
    ]
    named = {"KIND": "thing", "PLURAL": "simulations", **class_variables}
    return dataclasses.make_dataclass("Thing", members, namespace=named, frozen=True)


@pytest.mark.parametrize(
    ("type_", "kind", "reason"),
    [
        (str, LongText(max_length=9, sortable=True), "cannot be sorted by: no LongText can"),
        (bool, Boolean(sortable=True), "cannot be sorted by: no Boolean can"),
        (str, Text(max_length=401, unique=True), "cannot be sorted by or unique: it may be longer than 400"),
        (str, LongText(max_length=9, unique=True), "cannot be unique: no LongText can"),
        (dict[str, str], Map(**LABELS, unique=True), "cannot be unique: no Map can"),
        (str, LongText(max_length=9, filters=contains("a part")), "cannot be filtered by 'contains': no LongText can"),
        (int, Integer(filters=equals("some", several=True)), "cannot be filtered by 'any of': no Integer can"),
        (
            tuple[str, ...],
            Words(max_items=1, max_length=1, filters=equals("all")),
            "cannot be filtered by 'equal': no Words can",
        ),
    ],
)
def test_option_that_the_kind_does_not_support_is_refused(type_: Any, kind: Field, reason: str) -> None:
    with pytest.raises(TypeError, match=f"^Thing.extra {reason}"):
        spec_of(declared(type_, kind))


def test_entity_without_scopes_is_refused() -> None:
    assert scopes_to("simulations") == (Scope.SIMULATIONS_READ, Scope.SIMULATIONS_WRITE)
    thing = declared(str, Text(max_length=9), PLURAL="things")
    with pytest.raises(TypeError, match=r"add THINGS_READ = 'things:read' and .* in domain/access/scopes.py"):
        Resource.of(thing, (*ENTITIES, thing))


def test_invalid_default_is_refused() -> None:
    thing = declared(int, Integer(maximum=9))
    thing.__dataclass_fields__["extra"].default = 10
    with pytest.raises(TypeError, match=r"^Thing\.extra has a default that it cannot have"):
        spec_of(thing)


def test_default_is_normalized_like_a_sent_value() -> None:
    thing = declared(Decimal, Amount(digits=3, places=2))
    thing.__dataclass_fields__["extra"].default = Decimal(1)
    assert str(spec_of(thing).defaults["extra"]) == "1.00"


def test_two_filters_with_one_parameter_are_refused() -> None:
    thing = declared(str, Text(max_length=9, filters=(*equals("one"), *contains("a part"))))
    with pytest.raises(TypeError, match=r"^Thing has two filters with the parameter extra"):
        spec_of(thing)


@pytest.mark.parametrize("name", ["sort", "fields", "schema"])
def test_field_name_reserved_by_schemas_is_refused(name: str) -> None:
    filtered = FieldFilter(Comparison.EQUAL, "any", parameter=name)
    thing = declared(str, Text(max_length=9, filters=(filtered,)))
    if name != "sort":
        members = [("id", UUID), (name, Annotated[str, Text(max_length=9)])]
        thing = dataclasses.make_dataclass("Thing", members, namespace={"KIND": "thing", "PLURAL": "simulations"})
    with pytest.raises(TypeError, match=f"^Thing needs another name for {name}"):
        Resource.of(thing, (thing,))


def test_kinds_can_share_the_problems_of_a_referred_kind() -> None:
    reference = Reference(to="simulation", in_use="simulation_in_use", missing="simulation_missing")
    first, second = (declared(UUID, reference, KIND=kind, PLURAL="simulations") for kind in ("thing", "part"))
    for one in (*ENTITIES, first, second):
        Resource.of(one, (*ENTITIES, first, second))
    assert "restored" in CATALOGUE["simulation_missing"].meaning


def test_reference_to_an_unknown_kind_is_refused() -> None:
    thing = declared(UUID, Reference(to="elsewhere", in_use="elsewhere_in_use", missing="elsewhere_missing"))
    with pytest.raises(TypeError, match="Thing refers to elsewhere, which is no kind of entity"):
        Resource.of(thing, (thing,))


def test_duplicate_problem_code_is_refused() -> None:
    thing = declared(str, Text(max_length=9), CONFLICTS=(ConflictKind("key_in_use", "Key in use", "Another."),))
    with pytest.raises(TypeError, match="Two problems have the code key_in_use"):
        Resource.of(thing, (thing,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """A first
    paragraph of ``words``.

    More.
    """

    KIND: ClassVar = "plain_thing"
    PLURAL: ClassVar = "simulations"

    id: UUID
    owner_id: OwnerId
    day: Annotated[Any, Day()]
    colour: Annotated[Any, Choice(options=Scope)]
    created_at: datetime
    updated_at: datetime
    version: int = 1


def test_omitted_declarations_are_derived() -> None:
    resource = Resource.of(Plain, (Plain,))
    assert resource.view.__doc__ == "A first paragraph of `words`."
    assert resource.patch.__doc__ == "The members of a plain thing to change."
    properties = resource.create.model_json_schema()["properties"]
    assert properties["day"]["examples"] == ["2026-01-05"]
    assert properties["colour"]["examples"] == ["simulations:read"]
    assert CATALOGUE["plain_thing_not_found"].title == "Plain thing not found"
