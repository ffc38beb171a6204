"""Shows maps, quantities and lists of value objects as tables, with everything escaped."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from django.utils.html import format_html, format_html_join

from domain.field_spec import display_name
from domain.items import Items
from domain.maps import Map
from domain.quantities import Quantities

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.utils.safestring import SafeString

    from domain.field_spec import FieldSpec


def has_table(field: FieldSpec) -> bool:
    """Whether the values of this field are shown as tables."""
    return isinstance(field.kind, Map | Items)


def table_of(field: FieldSpec, value: Any) -> SafeString | None:
    """The value as HTML; None where it holds nothing. Only URIs of web pages become links: others may be scripts."""
    if not value:
        return None
    if isinstance(field.kind, Quantities):
        rows = ((name, _text(each.value), each.unit or "") for name, each in value.items())
        return _table(("name", "value", "unit"), rows)
    if isinstance(field.kind, Items):
        names = [each.name for each in fields(field.kind.of)]
        return _table([*map(display_name, names)], ([_cell(getattr(item, name)) for name in names] for item in value))
    return _table(("name", "text"), value.items())


def _cell(value: object) -> object:
    """The value as text, or as a link where it is the address of a web page."""
    if isinstance(value, str) and value.lower().startswith(("https://", "http://")):
        return format_html('<a href="{}" rel="noopener noreferrer">{}</a>', value, value)
    return _text(value)


def _text(value: object) -> object:
    """The value as clients read it in JSON."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value


def differences_table(rows: Iterable[tuple[str, str | None, str | None]]) -> SafeString:
    """A table of members, each with its text before and after; None where there was none."""
    return _table(
        ("member", "before", "after"),
        ((name, "-" if before is None else before, "-" if after is None else after) for name, before, after in rows),
    )


def _table(heads: Sequence[str], rows: Iterable[Iterable[object]]) -> SafeString:
    head = format_html_join("", '<th scope="col">{}</th>', ((each,) for each in heads))
    cells = (format_html_join("", "<td>{}</td>", ((each,) for each in row)) for row in rows)
    body = format_html_join("", "<tr>{}</tr>", ((each,) for each in cells))
    return format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", head, body)
