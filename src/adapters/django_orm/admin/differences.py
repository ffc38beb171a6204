"""What a revision changed, member by member, as people read it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from domain.access.api_key import ApiKey
from domain.access.owner import Owner
from domain.entity_spec import spec_of
from domain.field_spec import display_name
from domain.items import Items
from domain.quantities import Quantities
from domain.registry import ENTITIES
from domain.repository import Owned, secrets_of
from domain.webhooks.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.field_spec import FieldSpec

_SHOWN_ELSEWHERE = frozenset({"id", "owner_id", "version", "created_at", "updated_at"})
"""Members that every revision has itself."""
_RECORDED: tuple[type[Owned], ...] = (Owner, ApiKey, Webhook, *ENTITIES)
_KINDS = {kind.KIND: kind for kind in _RECORDED}
Values = dict[str, Any]


def differences(kind: str, before: str | None, after: str | None) -> Iterator[tuple[str, str | None, str | None]]:
    """The members that differ between two states in JSON, each with its text in both; None where it is missing.

    Members of maps, quantities and lists are compared by themselves: ``parameters.alpha``.
    """
    old, new = _members(kind, before), _members(kind, after)
    for name in {**old, **new}:
        left, right = old.get(name), new.get(name)
        if json.dumps(left) != json.dumps(right):  # for Python, 1 is equal to True
            texts = _text(left), _text(right)
            if texts[0] == texts[1]:  # such as 12 and "12"
                texts = json.dumps(left, ensure_ascii=False), json.dumps(right, ensure_ascii=False)
            yield name, *texts


def _members(kind: str, state: str | None) -> Values:
    if state is None:
        return {}
    entity = _KINDS.get(kind)
    fields = spec_of(entity).fields if entity else {}
    unshown = _SHOWN_ELSEWHERE | (secrets_of(entity) if entity else set())
    found: Values = {}
    for name, value in json.loads(state).items():
        if name not in unshown:
            found |= _parts(display_name(name), value, fields.get(name))
    return found


def _parts(name: str, value: Any, field: FieldSpec | None) -> Values:
    """A member by its name, or the members that it is made of."""
    if field is not None and isinstance(field.kind, Quantities):
        return {f"{name}.{key}": _Quantity(each) for key, each in (value or {}).items()}
    if field is not None and isinstance(field.kind, Items):
        items = {str(each[field.kind.key]): each for each in value or ()}
        return {
            f"{name}.{key}.{display_name(part)}": text
            for key, each in items.items()
            for part, text in each.items()
            if part != field.kind.key and text is not None
        }
    if isinstance(value, dict):
        return {f"{name}.{key}": each for key, each in value.items()}
    return {name: value}


class _Quantity(list[Any]):
    """A value and its unit."""


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, _Quantity):
        number, unit = (*value, None)[:2]
        return " ".join(filter(None, (_text(number), unit)))
    if isinstance(value, list):
        return ", ".join(str(_text(each)) for each in value)
    if value == "":
        return "(empty)"
    return value if isinstance(value, str) else json.dumps(value)
