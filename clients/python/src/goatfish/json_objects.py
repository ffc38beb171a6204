"""Objects that are read from the JSON of the API, and can be written as it again.

Members that this version does not know are kept in ``extra``; those that are missing are None where they may be.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Callable, ClassVar, TypeVar

from goatfish.values import utc_text

if TYPE_CHECKING:
    from goatfish.http.response import Response

Decoders = Mapping[str, Callable[[Any], Any]]
M = TypeVar("M", bound="Model")


class Model:
    """An object of the service.

    ``response`` is the answer that it came with, ``etag`` its version for conditional updates (None for an item of a
    list), and ``extra`` holds the members that this version of the library does not know.
    """

    DECODERS: ClassVar[Decoders] = {}
    """How members that are not plain JSON are read."""

    _json: Mapping[str, Any] | None = None
    _response: Response | None = None
    _etag: str | None = None

    @property
    def response(self) -> Response | None:
        return self._response

    @property
    def etag(self) -> str | None:
        return self._etag

    @property
    def extra(self) -> dict[str, Any]:
        known = {each.name for each in dataclasses.fields(self)}  # type: ignore[arg-type]  # -- subclasses are dataclasses  # each subclass is one
        return {name: copy.deepcopy(value) for name, value in (self._json or {}).items() if name not in known}

    @classmethod
    def from_json(cls: type[M], json: Any, response: Response | None = None, *, alone: bool = False) -> M:
        """Reads an object. ``alone``: the answer is this object, so that its ETag is the object's.

        Raises ``TypeError`` or ``ValueError`` where it is no such object.
        """
        if not isinstance(json, dict):
            raise TypeError(f"no {cls.__name__}: {type(json).__name__}")
        values: dict[str, Any] = {}
        for each in dataclasses.fields(cls):  # type: ignore[arg-type]  # -- subclasses are dataclasses
            value = json.get(each.name)
            if value is not None and each.name in cls.DECODERS:
                value = cls.DECODERS[each.name](value)
            if each.name in json or not _has_default(each):
                values[each.name] = value
        made = cls(**values)
        object.__setattr__(made, "_json", json)
        object.__setattr__(made, "_response", response)
        object.__setattr__(made, "_etag", response.etag if response and alone else None)
        return made

    def to_dict(self) -> dict[str, Any]:
        """The JSON of this object, as it was read."""
        if self._json is not None:
            return copy.deepcopy(dict(self._json))
        return {each.name: _encoded(getattr(self, each.name)) for each in dataclasses.fields(self)}  # type: ignore[arg-type]  # -- subclasses are dataclasses

    def __hash__(self) -> int:
        first = dataclasses.fields(self)[0].name  # type: ignore[arg-type]  # -- subclasses are dataclasses
        return hash((type(self), str(getattr(self, first))))


def _has_default(member: dataclasses.Field[Any]) -> bool:
    return member.default is not dataclasses.MISSING or member.default_factory is not dataclasses.MISSING


def _encoded(value: Any) -> Any:
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, datetime):
        return utc_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _encoded(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encoded(each) for each in value]
    return value


def mapping_of(kind: type[M]) -> Callable[[Any], dict[str, M]]:
    """Reads objects by their names."""
    return lambda members: {name: kind.from_json(value) for name, value in members.items()}


def sequence_of(kind: type[M]) -> Callable[[Any], tuple[M, ...]]:
    """Reads a list of objects."""
    return lambda items: tuple(kind.from_json(item) for item in items)
