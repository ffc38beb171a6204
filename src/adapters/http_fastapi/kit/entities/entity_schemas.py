"""Schemas of entities, derived from their annotated fields: bodies, representations, and queries of lists."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import AfterValidator, Field, ValidationInfo, WithJsonSchema, create_model

from adapters.http_fastapi.kit.entities.field_kinds import described, shown, written, wrong
from adapters.http_fastapi.kit.entities.field_queries import conditions_parameter, parameter
from adapters.http_fastapi.kit.entities.quantities import shown_quantities
from adapters.http_fastapi.kit.entities.readable import readable
from adapters.http_fastapi.kit.openapi import SCHEMA_NAME
from adapters.http_fastapi.kit.pagination import ListQuery
from adapters.http_fastapi.kit.schemas import CreateBody, Moment, PatchBody, View, id_field, moment_field, public_actor
from domain import fields as kinds
from domain.entity import conditions_of, plural_of, summary_of, title_of, violations_in_values
from domain.entity_spec import spec_of
from domain.errors import Violation
from domain.field_spec import FieldSpec, display_name
from domain.maps import Map, MapPatch
from domain.paging import Comparison, PageRequest, Sort
from domain.quantities import NAME_PATTERN, Quantities
from domain.repository import Owned

SORT, NEWEST_FIRST = "sort", "-created_at"
_PLAIN_PLACES = 6
"""Decimal places that Python writes without an exponent, however small the number."""


class EntityQuery(ListQuery):
    """The query of a list of entities, with their filters and sorts."""

    ENTITY: ClassVar[type[Owned]]
    FILTERS: ClassVar[frozenset[str]]

    def request(self) -> PageRequest:
        given = self.model_fields_set & self.FILTERS
        conditions = conditions_of(self.ENTITY, **{name: getattr(self, name) for name in given}) if given else ()
        return PageRequest(limit=self.limit, sort=_sort(getattr(self, SORT)), conditions=conditions)


class EntityBody(CreateBody):
    """All members of an entity that clients write."""

    ENTITY: ClassVar[type[Owned]]
    OMITTED: ClassVar[Mapping[str, Any]] = {}
    """What the members are that are left out."""
    PATCH: ClassVar[bool] = False

    @classmethod
    def violations(cls, content: Any, at: datetime) -> Iterable[Violation]:  # noqa: ARG003  # -- none depends on it
        if not isinstance(content, dict):
            return ()
        omitted = {name: value for name, value in cls.OMITTED.items() if name not in content}
        return violations_in_values(cls.ENTITY, {**omitted, **readable(cls.ENTITY, content, patch=cls.PATCH)})


class EntityPatchBody(EntityBody, PatchBody):
    """Changes of an entity. A map is merged member by member, and null removes a member (RFC 7396)."""

    MAPS: ClassVar[frozenset[str]]
    PATCH: ClassVar = True

    def fields(self) -> dict[str, Any]:
        changes = super().fields()
        given = (name for name in self.MAPS & changes.keys() if changes[name] is not None)
        return changes | {name: MapPatch(changes[name]) for name in given}


@cache
def create_body(entity: type[Owned]) -> type[CreateBody]:
    """The body that creates an entity."""
    spec = spec_of(entity)
    return _body(entity, "Create", ".", {field.name: _member(field) for field in spec.fields.values()}, spec.defaults)


@cache
def replace_body(entity: type[Owned]) -> type[CreateBody]:
    """The body that replaces an entity: immutable members may be left out. Without any, it is the ``create_body``."""
    spec = spec_of(entity)
    if not any(field.kind.immutable for field in spec.fields.values()):
        return create_body(entity)
    members = {field.name: _change(field) if field.kind.immutable else _member(field) for field in spec.fields.values()}
    return _body(entity, "Replace", "; immutable ones may be left out.", members, spec.reset)


def _body(
    entity: type[Owned], name: str, doc: str, members: Mapping[str, Any], omitted: Mapping[str, Any]
) -> type[CreateBody]:
    body = create_model(
        f"{entity.__name__}{name}",
        __base__=EntityBody,
        __doc__=f"All members of {with_article(title_of(entity))} that clients write{doc}",
        **members,
    )
    body.ENTITY, body.OMITTED = entity, omitted
    return body


@cache
def patch_body(entity: type[Owned]) -> type[PatchBody]:
    """The body that changes some members of an entity. An immutable one can only be sent as it is."""
    fields = spec_of(entity).fields.values()
    patch = create_model(
        f"{entity.__name__}Patch",
        __base__=EntityPatchBody,
        __doc__=f"The members of {with_article(title_of(entity))} to change.",
        **{field.name: _change(field, patch=True) for field in fields},
    )
    patch.ENTITY = entity
    patch.MAPS = frozenset(field.name for field in fields if isinstance(field.kind, Map))
    return patch


@cache
def view(entity: type[Owned]) -> type[View]:
    """The representation of an entity: its id, its fields and its times, in the order of its class."""
    members: dict[str, Any] = {"id": (UUID, id_field("made by the service, and never changed"))}
    members |= {field.name: (shown(field), described(field)) for field in spec_of(entity).kept}
    members["created_at"] = (Moment, moment_field("when it was created"))
    members["updated_at"] = (Moment, moment_field("when it was changed last"))
    shows = create_model(entity.__name__, __base__=View, __doc__=summary_of(entity), **members)
    # Python would show small decimals with an exponent, as in 1E-7.
    small = (field.name for field in spec_of(entity).fields.values() if _needs_exponent(field.kind))
    shows.CONVERTED = dict.fromkeys(small, "{:f}".format)
    shows.CONVERTED |= {field.name: public_actor for field in spec_of(entity).actors}
    quantities = (field.name for field in spec_of(entity).kept if isinstance(field.kind, Quantities))
    shows.CONVERTED |= dict.fromkeys(quantities, shown_quantities)
    return shows


@cache
def list_query(entity: type[Owned]) -> type[EntityQuery]:
    """The query of the entity's list."""
    spec = spec_of(entity)
    members: dict[str, Any] = {name: (parameter(each), None) for name, each in spec.filters.items()}
    members |= {name: (conditions_parameter(each), None) for name, each in spec.parsed_filters.items()}
    members |= {SORT: (_sort_parameter(entity), NEWEST_FIRST)}
    query = create_model(
        f"{entity.__name__}Query",
        __base__=EntityQuery,
        __doc__=f"The query of a list of {entity.__name__}.",
        **members,
    )
    query.ENTITY, query.REPEATED = entity, frozenset(spec.parsed_filters)
    query.FILTERS = query.REPEATED.union(spec.filters)
    query.NARROWER = {
        name: f"a longer part of the {display_name(name)}"
        for name, each in spec.filters.items()
        if each.compares[0][1] is Comparison.CONTAINS
    }
    return query


def _sort_parameter(entity: type[Owned]) -> Any:
    """The type of the parameter ``sort``, which comes after the filters that it may need."""
    spec = spec_of(entity)
    orders = [f"{sign}{name}" for name in spec.sorts for sign in ("", "-")]
    members = rf"-?({'|'.join(spec.quantities)})\.{NAME_PATTERN}"
    description = "a leading `-` reverses the order; ties are broken by id"
    schema: dict[str, Any] = {
        "type": "string",
        "enum": orders,
        SCHEMA_NAME: f"{entity.__name__}Sort",
        "description": f"The order of a list of {display_name(plural_of(entity))}.",
        # Generators would make one name of both directions, or none of the other.
        "x-enum-varnames": [f"{name}{end}".upper() for name in spec.sorts for end in ("", "_desc")],
    }
    if spec.quantities:
        needed = " and ".join(sorted({*spec.quantities.values()}))
        description += f"; by a member of {' or '.join(spec.quantities)} only with {needed}"
        schema = {"anyOf": [schema, {"type": "string", "pattern": f"^{members}$"}]}
    known = ", ".join([*spec.sorts, *(f"{name}.NAME" for name in spec.quantities)])

    def checked(order: str, info: ValidationInfo) -> str:
        if order in orders:
            return order
        if not spec.quantities or re.fullmatch(members, order) is None:
            raise wrong("unknown_value", f"This is not one of {known}, each with or without a leading -.")
        needed = spec.quantities[order.removeprefix("-").partition(".")[0]]
        if info.data.get(needed, needed) is None:
            raise wrong("filter_required", f"A list can be sorted by this only with {needed}.")
        return order

    return Annotated[str, AfterValidator(checked), WithJsonSchema(schema), Field(description=description)]


def require_names(entity: type[Owned]) -> None:
    """Raises ``TypeError`` where the name of a field or a filter has another meaning in a schema."""
    spec = spec_of(entity)
    for names, bases in ((spec.fields, (EntityPatchBody, View)), (spec.filters, (EntityQuery,))):
        for name in names:
            if name == SORT or any(hasattr(base, name) or name in base.model_fields for base in bases):
                raise TypeError(
                    f"{entity.__name__} needs another name for {name}, which has another meaning in schemas."
                )


def _needs_exponent(kind: kinds.Field) -> bool:
    return isinstance(kind, kinds.Amount) and kind.places > _PLAIN_PLACES


@lru_cache(1000)
def _sort(order: str) -> Sort:
    return Sort(order.removeprefix("-"), descending=order.startswith("-"))


def with_article(title: str) -> str:
    """The title after "a" or "an"."""
    return f"{'an' if title[0].lower() in 'aeio' else 'a'} {title}"


def _member(field: FieldSpec) -> Any:
    """Type and default of a member of a whole entity."""
    default: Any = {"default": f"{field.default:f}"} if isinstance(field.default, Decimal) else None
    info = described(field, json_schema_extra=default)
    value = written(field.kind)
    return Annotated[value | None if field.optional else value, info], ... if field.required else field.default


def _change(field: FieldSpec, *, patch: bool = False) -> Any:
    """Type and default of a member that may be left out, and then keeps its value.

    No example shows an immutable one, which can only be sent as it is.
    """
    none: dict[str, Any] = {"examples": None} if field.kind.immutable else {}
    info = described(field, **none)
    value = written(field.kind, patch=patch)
    return Annotated[value | None if field.optional else value, info], None
