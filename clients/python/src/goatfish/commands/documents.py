"""Output for other programs: JSON Lines, and CSV with the columns of the service's own export."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from goatfish.commands.cells import printable
from goatfish.commands.members import MAPS, QUANTITIES
from goatfish.commands.output import Terminal, encoding_of, is_a_terminal, write, write_bytes

# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def json_text(value: Any, encoding: str = "utf-8") -> str:
    r"""The value as JSON in one line; what could harm a terminal, or what the encoding lacks, as ``\u202e``."""

    def shown(found: re.Match[str]) -> str:
        char = found[0]
        return json.dumps(char)[1:-1] if char == "\x7f" or printable(char, encoding) != char else char

    text = re.sub(r"[^ -~]", shown, json.dumps(value, ensure_ascii=False))
    return text.replace("\x7f", "\\u007f")


def write_json(items: Iterable[Any]) -> None:
    """Write each as one line of JSON, as it comes."""
    encoding = encoding_of(sys.stdout)
    for item in items:
        write(json_text(item, encoding) + "\n")


# ── CSV ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

_SIGNS = r"[=+@\uff1d\uff0b\uff0d\uff20-]"
_BREAKS = r"[;\t-\r\x1c-\x1f\x85\u2028\u2029]"
_FORMULA = re.compile(rf"\s*{_SIGNS}|[\t\r]")
_FORMULA_WITHIN = re.compile(rf"(?<={_BREAKS})(?=((?!{_BREAKS})[\s\"])*{_SIGNS})")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")


def harmless(text: str) -> str:
    """The text, with an apostrophe wherever a spreadsheet would run what follows as a formula, as the service does."""
    text = _FORMULA_WITHIN.sub("'", text)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def spreadsheet(items: Sequence[Mapping[str, Any]], columns_at_least: Sequence[str] = ()) -> Iterable[list[str]]:
    """The header and the rows of these objects: plain members, ``labels.K``, ``parameters.K [unit]``, ``results.K``.

    Where the units of a parameter or result differ, a column ``….unit`` follows it.
    """
    members = (key for item in items for key, value in item.items() if not _is_nested(value))
    plain = list(dict.fromkeys([*columns_at_least, *members]))
    header, columns = list(plain), [(name, "", "") for name in plain]
    for of in MAPS:
        names = sorted({name for item in items for name in item.get(of) or {}})
        for name in names:
            units = _units(items, of, name) if of in QUANTITIES else {""}
            unit = next(iter(units)) if len(units) == 1 else ""
            header.append(harmless(f"{of}.{name} [{unit}]") if unit else f"{of}.{name}")
            columns.append((of, name, "value"))
            if len(units) > 1:
                header.append(f"{of}.{name} [unit]" if f"{name}.unit" in names else f"{of}.{name}.unit")
                columns.append((of, name, "unit"))
    yield header
    for item in items:
        yield [csv_text(_cell(item, *column)) for column in columns]


def _is_nested(value: Any) -> bool:
    return isinstance(value, (dict, list))


def _units(items: Sequence[Mapping[str, Any]], of: str, name: str) -> set[str]:
    return {item[of][name].get("unit") or "" for item in items if name in (item.get(of) or {})}


def _cell(item: Mapping[str, Any], of: str, name: str, part: str) -> Any:
    value = item.get(of)
    if not name:
        return value
    member = (value or {}).get(name)
    return member.get(part) if isinstance(member, dict) else member


def csv_text(value: Any) -> str:
    """The value as a cell: nothing for null, true and false, numbers in full, as the service writes them."""
    if value is None:
        return ""
    if isinstance(value, str):
        return harmless(value)
    return json.dumps(value).replace("e+", "e").replace("e-0", "e-")


def write_csv(rows: Iterable[Sequence[str]]) -> None:
    """Write these rows as CSV (RFC 4180): UTF-8, or harmless text to a terminal."""
    safe = SafeBytes()
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow(row)
        safe.write(line.getvalue().encode("utf-8", "backslashreplace"))


class SafeBytes:
    """Writes UTF-8 to standard output: as it is to a pipe or file, harmless to a terminal."""

    def __init__(self) -> None:
        self._terminal = Terminal.of(sys.stdout) if is_a_terminal(sys.stdout) else None
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(self, data: bytes) -> None:
        """Write these bytes, which may end within a character."""
        if self._terminal is None:
            write_bytes(data)
        else:
            lines = self._decoder.decode(data).replace("\r\n", "\n").split("\n")
            write("\n".join(map(self._terminal.printable, lines)))
