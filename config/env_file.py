"""The .env file: its names, and lines that are meant as settings but do not set them."""

import os
import re
from collections.abc import Mapping, Set
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream

ENV_FILE, ENCODING = ".env", "utf-8-sig"  # an editor may have written a byte order mark
_NAME = re.compile(r"GOATFISH_ *\w+", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{([^}:]*)\}")  # one without a default, which dotenv replaces within any quotes


def names_and_faults() -> tuple[set[str], list[str]]:
    """All names that the file sets, and a line for each of ours that it only seems to set, or sets to something else.

    Raises ``OSError`` and ``UnicodeDecodeError``.
    """
    path = Path(ENV_FILE)
    bindings = list(parse_stream(StringIO(path.read_text(encoding=ENCODING)))) if path.is_file() else []
    names = {each.key for each in bindings if each.key is not None}
    lines, known = [], set(os.environ)
    last = {each.key.upper(): each.original.line for each in bindings if each.key is not None}
    for each in bindings:
        if fault := _fault(each, last, known):
            lines.append(f"{ENV_FILE}, line {each.original.line}, {fault}")
        known |= {each.key or ""}
    return names, lines


def _fault(binding: Binding, last: Mapping[str, int], known: Set[str]) -> str | None:
    """Why a line does not set what it seems to, if it is one of ours. It repeats no value, which may be a secret."""
    key, value = (binding.key or "").upper(), binding.value
    if value is None:
        found = _NAME.search(binding.original.string.partition("\n")[0]) if binding.error or key else None
        return f"sets nothing: write {found[0].replace(' ', '').upper()}=value" if found else None
    if not _NAME.fullmatch(key):
        return None
    if last[key] != binding.original.line:
        return f"sets nothing: line {last[key]} sets {key} again"
    if any(variable not in known for variable in _VARIABLE.findall(value)):
        return f"leaves out a part of {key}: what its ${{…}} names is set nowhere"
    return None


def unreadable(error: OSError | UnicodeDecodeError) -> str:
    """Why the file, or one that is read beside it, cannot be read, in one line."""
    if isinstance(error, UnicodeDecodeError):
        line = error.object[: error.start].count(b"\n") + 1
        return f"{ENV_FILE} cannot be read: line {line} is not UTF-8, in which it must be saved"
    return f"{error.filename or ENV_FILE} cannot be read: {error.strerror or error}"
