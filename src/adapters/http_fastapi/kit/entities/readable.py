"""Reads the valid part of an invalid body, so that one answer names everything that is wrong with it."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from adapters.http_fastapi.kit.entities.field_kinds import written
from domain.field_spec import fields_of
from domain.fields import Actor
from domain.items import Items
from domain.maps import Map, MapPatch


def readable(of: type[Any], content: Mapping[str, Any], *, patch: bool = False) -> dict[str, Any]:
    """The values of those members that are of the right type, by the fields of an entity or a value object.

    Maps are without the members that are not, and items of lists without the attributes.
    """
    given = [name for name, each in fields_of(of).items() if name in content and not isinstance(each.kind, Actor)]
    read = {name: _read(of, name, content[name], patch=patch) for name in given}
    return {name: value for name, value in read.items() if value is not _UNREADABLE}


_UNREADABLE: Any = object()


def _read(of: type[Any], name: str, value: Any, *, patch: bool) -> Any:
    field = fields_of(of)[name]
    if value is None:
        return None if field.optional else _UNREADABLE
    if isinstance(field.kind, Items) and isinstance(value, list):
        return tuple(_part(field.kind.of, each if isinstance(each, dict) else {}) for each in value)
    if isinstance(field.kind, Map) and isinstance(value, dict):
        members: dict[str, Any] = {}
        for key, member in value.items():
            one = _as_written(of, name, {key: member}, patch=patch)
            members |= {} if one is _UNREADABLE else one
        return MapPatch(members) if patch else members
    return _as_written(of, name, value, patch=patch)


def _part(of: type[Any], content: Mapping[str, Any]) -> Any:
    """A value object with the attributes that could be read alone."""
    part = object.__new__(of)
    for name, value in readable(of, content).items():
        kept = None if value is None else fields_of(of)[name].kind.normalized(value)
        object.__setattr__(part, name, kept)
    return part


def _as_written(of: type[Any], name: str, value: Any, *, patch: bool) -> Any:
    try:
        return _adapter(of, name, patch=patch).validate_python(value)
    except ValidationError:
        return _UNREADABLE


def _made_adapter(of: type[Any], name: str, *, patch: bool) -> TypeAdapter[Any]:
    return TypeAdapter(written(fields_of(of)[name].kind, patch=patch), config=ConfigDict(strict=True))


_adapter: Callable[..., TypeAdapter[Any]] = cache(_made_adapter)
