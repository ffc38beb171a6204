"""The .env file: its names, and lines that are meant as settings but set nothing."""

import re
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

ENV_FILE, ENCODING = ".env", "utf-8-sig"  # an editor may have written a byte order mark
_NAME = re.compile(r"GOATFISH_\w+", re.IGNORECASE)


def names_and_faults() -> tuple[set[str], list[str]]:
    """All names that the file sets, and a line for each of ours that it only seems to set.

    Raises ``OSError`` and ``UnicodeDecodeError``.
    """
    path = Path(ENV_FILE)
    bindings = list(parse_stream(StringIO(path.read_text(encoding=ENCODING)))) if path.is_file() else []
    names = {each.key for each in bindings if each.key is not None}
    faults = [
        f"{ENV_FILE}, line {each.original.line}, sets nothing: write {found[0].upper()}=value"
        for each in bindings
        if each.value is None and (each.error or each.key is not None)
        if (found := _NAME.search(each.original.string.partition("\n")[0]))
    ]
    return names, faults


def unreadable(error: OSError | UnicodeDecodeError) -> str:
    """Why the file, or one that is read beside it, cannot be read, in one line."""
    if isinstance(error, UnicodeDecodeError):
        line = error.object[: error.start].count(b"\n") + 1
        return f"{ENV_FILE} cannot be read: line {line} is not UTF-8, in which it must be saved"
    return f"{error.filename or ENV_FILE} cannot be read: {error.strerror or error}"
