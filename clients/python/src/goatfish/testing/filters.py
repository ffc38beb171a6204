"""Queries of lists: filters, conditions, order, and pages with cursors."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from typing import Any, Callable, NamedTuple
from urllib.parse import parse_qsl, unquote, unquote_to_bytes

from goatfish.testing.kinds import UNREAD, Choice, Day, Kind, Moment, Read, Text, Whole, parse_id
from goatfish.testing.members import QUANTITY_NAME, Labels
from goatfish.testing.objects import STATUSES, Body, moment
from goatfish.testing.pages import Query, opened
from goatfish.testing.problems import Fault, Refusal
from goatfish.testing.where import fulfils, read_where

_LENGTH_MAX, _FIELDS_MAX = 8 << 10, 100


class Parameter(NamedTuple):
    """A parameter: how it is read, and whether an object fulfils what was read."""

    read: Callable[[str], Read]
    holds: Callable[[Body, Any], bool] = lambda *_: True
    repeated: bool = False


def _query_kind(kind: Kind) -> Callable[[str], Read]:
    """Reads a text as this kind and by its rules."""

    def read(text: str) -> Read:
        value, wrong = kind.read(text)
        for _, code, predicate in () if wrong else kind.rules(value):
            return UNREAD, [((), code, f"This {predicate}.")]
        return value, wrong

    return read


def _id(text: str) -> Read:
    found = parse_id(text)
    return (UNREAD, [((), "id", "This is not an id, which is a UUID.")]) if found is None else (found, [])


def _name_part(text: str) -> Read:
    wrong = len(text) > 300 or re.search("[\x00-\x1f\x7f-\x9f\ud800-\udfff]", text)
    detail = "No name has this part: it is too long or holds control characters."
    return (UNREAD, [((), "name", detail)]) if wrong else (text.casefold(), [])


def _statuses(text: str) -> Read:
    read = [Choice(*STATUSES).read(each) for each in text.split(",")]
    wrong = [fault for _, faults in read for fault in faults]
    return (UNREAD, wrong[:1]) if wrong else (sorted({value for value, _ in read}), [])


def _limit(text: str) -> Read:
    digits = text.isascii() and text.isdigit() and len(text) <= 3
    return Whole(1, 100, "limit", "The limit is").read(int(text) if digits else None)


def _label(text: str) -> Read:
    name, colon, value = text.partition(":")
    for _, _, predicate in Labels().rules({name: value}):
        return UNREAD, [((), "label", f"No entity has such a label: labels {predicate}.")]
    return [name, value if colon else None], []


def _has_label(body: Body, wanted: Sequence[str | None]) -> bool:
    name, value = wanted
    return name in body["labels"] and value in {None, body["labels"][name]}


def _equal(member: str, read: Callable[[str], Read]) -> Parameter:
    return Parameter(read, lambda body, value: bool(body[member] == value))


def _between(member: str, kind: Kind, name: str = "") -> dict[str, Parameter]:
    placed: Callable[[str], Any] = moment if isinstance(kind, Moment) else str

    def bound(compare: Callable[[Any, Any], bool]) -> Parameter:
        def holds(body: Body, value: str) -> bool:
            return body[member] is not None and compare(placed(body[member]), placed(value))

        return Parameter(_query_kind(kind), holds)

    name = name or member
    return {f"{name}_from": bound(operator.ge), f"{name}_to": bound(operator.le)}


_NAME = Parameter(_name_part, lambda body, value: body["name"] is not None and value in body["name"].casefold())
_LABEL = Parameter(_label, _has_label, repeated=True)
FILTERS: Mapping[str, Mapping[str, Parameter]] = {
    "simulation": {
        "name": _NAME,
        **_between("start_date", Day()),
        **_between("end_date", Day()),
        "active_on": Parameter(
            _query_kind(Day()), lambda body, day: bool(body["start_date"] <= day <= body["end_date"])
        ),
        "label": _LABEL,
    },
    "run": {
        "simulation_id": _equal("simulation_id", _id),
        "name": _NAME,
        "status": Parameter(_statuses, lambda body, value: body["status"] in value),
        **_between("started_at", Moment(), "started"),
        **_between("finished_at", Moment(), "finished"),
        "solver": _equal("solver", _query_kind(Text(100))),
        "external_id": _equal("external_id", _query_kind(Text(255))),
        "parent_id": _equal("parent_id", _id),
        "label": _LABEL,
        "where": Parameter(read_where, fulfils, repeated=True),
    },
}
SORTS = {
    "simulation": ("created_at", "name", "start_date", "end_date"),
    "run": ("created_at", "updated_at", "name"),
}


def _sort(kind: str, given: Mapping[str, Any]) -> Callable[[str], Read]:
    def read(text: str) -> Read:
        names = [*SORTS[kind], *(["parameters.NAME", "results.NAME"] if kind == "run" else [])]
        name = text.removeprefix("-")
        if name in SORTS[kind]:
            return text, []
        if kind != "run" or not re.fullmatch(rf"(parameters|results)\.{QUANTITY_NAME}", name):
            detail = f"This is not one of {', '.join(names)}, each with or without a leading -."
            return UNREAD, [((), "unknown_value", detail)]
        if "simulation_id" not in given:
            return UNREAD, [((), "filter_required", "A list can be sorted by this only with simulation_id.")]
        return text, []

    return read


def read_query(text: str, kind: str = "", shape: str = "list") -> tuple[Query, list[Fault]]:
    """The query of a list (of this kind; without one, in its default order), of the feed, or of an export.

    Any other takes no parameters. Raises ``Refusal`` (400) for a cursor that is none.
    """
    _require_bounds(text)
    sent = parse_qsl(text, keep_blank_values=True)
    given = dict(sent)
    known: dict[str, Parameter] = {}
    if shape in {"list", "feed"}:
        known["limit"] = Parameter(_limit)
        known["cursor" if shape == "list" else "after"] = Parameter(
            lambda cursor: ("latest" if cursor == "latest" and shape == "feed" else opened(cursor), [])
        )
    if shape in {"list", "export"}:
        known.update(FILTERS.get(kind, {}))
    if shape == "list" and kind:
        known["sort"] = Parameter(_sort(kind, given))
    if shape == "export":
        del known["simulation_id"]
    faults = _faults_of_form(text, sent, known)
    values: dict[str, Any] = {}
    for name, parameter in known.items():
        texts = [value for key, value in sent if key == name]
        if not texts:
            continue
        if parameter.repeated and len(texts) > 10:
            faults.append(_fault(name, "repeated", "The parameter is given more than 10 times."))
            continue
        read = [parameter.read(each) for each in (texts if parameter.repeated else texts[-1:])]
        wrong = {detail: _fault(name, code, detail) for _, found in read for _, code, detail in found}
        faults += wrong.values()
        if not wrong:
            values[name] = [value for value, _ in read] if parameter.repeated else read[0][0]
    unknown = dict.fromkeys(name for name, _ in sent if name not in known)
    faults += [_fault(name, "unknown", "There is nothing of this name.") for name in unknown]
    return Query(values, sent), faults


def _require_bounds(text: str) -> None:
    """Raises ``Refusal`` (422) for a query that is too long or has too many fields."""
    fields = text.split("&")
    if len(text) > _LENGTH_MAX:
        beyond = text[text.rfind("&", 0, _LENGTH_MAX) + 1 :]
        code, detail = "query_too_long", f"The query is longer than {_LENGTH_MAX} bytes, from here on."
    elif len(fields) > _FIELDS_MAX:
        beyond = fields[_FIELDS_MAX]
        code, detail = "too_many_fields", f"The query has more than {_FIELDS_MAX} fields, from here on."
    else:
        return
    name = unquote(beyond[:200].partition("&")[0].partition("=")[0])
    if name in {"cursor", "after"} and code == "query_too_long":
        raise Refusal("invalid_cursor")
    raise Refusal("validation_failed", errors=[_fault(name, code, detail)])


def _faults_of_form(text: str, sent: Sequence[tuple[str, str]], known: Mapping[str, Parameter]) -> list[Fault]:
    """What is wrong with the query whatever its values mean."""
    faults = []
    seen = set()
    for name, value in sent:
        repeated = name in known and known[name].repeated
        if name in seen and name in {"cursor", "after"} & known.keys():
            raise Refusal("invalid_cursor")
        if name in seen and not repeated:
            faults.append(_fault(name, "repeated", "The parameter is repeated."))
        elif not value:
            faults.append(_fault(name, "empty", "The parameter is empty."))
        seen.add(name)
    wrong = [pair for pair in text.split("&") if "\ufffd" in unquote(pair) and not _is_text(unquote_to_bytes(pair))]
    names = (unquote(pair.partition("=")[0], errors="replace") for pair in wrong)
    return [*faults, *(_fault(name, "invalid_unicode", "This is not UTF-8.") for name in names)]


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _fault(name: str, code: str, detail: str) -> Fault:
    return {"parameter": name[:200], "code": code, "detail": detail}


def matching(kind: str, bodies: Sequence[Body], query: Query) -> list[Body]:
    """Those that fulfil the filters of the query."""
    wanted = [
        (FILTERS[kind][name].holds, each)
        for name, value in query.values.items()
        if name in FILTERS[kind]
        for each in (value if FILTERS[kind][name].repeated else [value])
    ]
    return [body for body in bodies if all(holds(body, value) for holds, value in wanted)]
