"""Between Python's values and the JSON of the API: dates, moments, quantities and ids."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, Union

DateLike = Union[date, str]
MomentLike = Union[datetime, str]
Scalar = Union[bool, int, float, str]
QuantityLike = Any
"""A number, boolean or text, ``(value, unit)``, ``Quantity``, ``{"value": …, "unit": …}``, or a scalar of NumPy."""


class Unset(Enum):
    """Stands for an argument that is not given, where None is a value."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET = Unset.UNSET


def given(members: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the arguments that are given."""
    return {name: value for name, value in members.items() if value is not UNSET}


def date_text(value: Any) -> Any:
    """The date as the API writes it; text is passed on for the service to judge."""
    if isinstance(value, datetime):
        if value.time().replace(tzinfo=None) != datetime.min.time():
            raise ValueError(f"A date is needed, and {value.isoformat()} has a time of day; use its .date().")
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else value


def moment_text(value: Any) -> Any:
    """The moment as the API writes it. Raises ``ValueError`` for one without a time zone."""
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise ValueError(f"The moment {value.isoformat()} has no time zone; give one, as tzinfo=timezone.utc.")
        return utc_text(value)
    if isinstance(value, date):
        raise TypeError(f"A moment is needed, and {value.isoformat()} is a day.")
    return value


def utc_text(value: datetime) -> str:
    return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):?(\d\d))?")


def moment(text: str) -> datetime:
    """The moment of this ISO 8601 text; without a zone it is UTC's. Raises ``ValueError`` where it is none."""
    found = _MOMENT.fullmatch(text)
    if not found:
        raise ValueError(f"no moment: {text!r}")
    day, time, fraction, sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    zone = timezone(-offset if sign == "-" else offset) if offset else timezone.utc
    microseconds = int((fraction or "0").ljust(6, "0")[:6])
    return datetime.fromisoformat(f"{day}T{time}").replace(microsecond=microseconds, tzinfo=zone)


def quantities(members: Mapping[str, Any] | None, what: str) -> dict[str, Any] | None:
    """Parameters or results as JSON; None stays, since a patch removes a member by it."""
    if members is None:
        return None
    if not isinstance(members, Mapping):
        raise TypeError(f"{what}: a mapping of names to values is needed, not {type(members).__name__}.")
    return {name: quantity_json(value, f"{what}.{name}") for name, value in members.items()}


def quantity_json(value: Any, where: str) -> Any:
    """A quantity as JSON. Raises ``TypeError`` or ``ValueError``, saying where, for what cannot be one."""
    unit: Any = None
    if hasattr(value, "value") and hasattr(value, "unit") and not isinstance(value, type):
        value, unit = value.value, value.unit
        if unit is not None and not isinstance(unit, str):
            unit = str(unit) or None  # of Astropy
    elif isinstance(value, Mapping):
        if "value" not in value or value.keys() - {"value", "unit"}:
            raise ValueError(f"{where}: a mapping has the members value and unit, not {sorted(map(str, value))}.")
        value, unit = value["value"], value.get("unit")
    elif isinstance(value, (tuple, list)):
        if len(value) != _PAIR:
            raise ValueError(f"{where}: a pair of value and unit is needed, and this has {len(value)} items.")
        value, unit = value
    elif value is None:
        return None
    plain = scalar(value, where)
    if unit is None:
        return plain
    if not isinstance(unit, str):
        raise TypeError(f"{where}: a unit is text or None, not {type(unit).__name__}.")
    return {"value": plain, "unit": unit}


_PAIR = 2


def scalar(value: Any, where: str) -> Scalar:
    """A number, boolean or text. Raises ``TypeError`` or ``ValueError`` for what is none."""
    if not isinstance(value, (str, bool, int, float)) and callable(getattr(value, "item", None)):
        value = value.item()  # of NumPy, PyTorch and their kin
    if isinstance(value, Enum) and isinstance(value, (str, int, float)):
        value = value.value
    if isinstance(value, (Decimal, Fraction)):
        value = float(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where}: {value} is no finite number; send it as text, or leave it out.")
    if not isinstance(value, (str, bool, int, float)):
        raise TypeError(f"{where}: a number, boolean or text is needed, not {type(value).__name__}.")
    return value


def id_text(value: Any, kind: type[Any] | None = None) -> str:
    """The id of an object, or the id itself. Raises ``TypeError`` for an object of another kind."""
    if isinstance(value, str):
        return value
    if isinstance(value, uuid.UUID):
        return str(value)
    if kind is not None and isinstance(value, kind) and isinstance(value.id, str):
        return str(value.id)
    wanted = "an id" if kind is None else f"a {kind.__name__} or its id"
    raise TypeError(f"{wanted} is needed, not {type(value).__name__}.")


def is_id(text: str) -> bool:
    """Whether this is an id, rather than a name."""
    return _ID.fullmatch(text) is not None


_ID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def texts(value: str | Iterable[str] | None) -> list[str] | None:
    """One text, or several, as a list; None where there is none."""
    if value is None:
        return None
    return [value] if isinstance(value, str) else list(value)


def label_filters(value: Any) -> list[str] | None:
    """``"project"``, ``"project:wing"``, several of them, or ``{"project": "wing"}`` as the API writes them."""
    if isinstance(value, Mapping):
        return [name if text is None else f"{name}:{text}" for name, text in value.items()]
    return texts(value)
