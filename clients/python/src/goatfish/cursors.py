"""Places in the feed of changes, between pages and within them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from goatfish.files import replace_file


def within(after: str | None, item: Any) -> str:
    """The place behind this change, on the page that begins at the cursor ``after``.

    The API's own cursors, which are letters, digits, ``-`` and ``_``, lead to the ends of pages alone.
    """
    return f"{after or ''}:{item.get('id')}:{item.get('version')}"


def parted(cursor: str | None) -> tuple[str | None, str]:
    """The API's own cursor, None for the beginning of the feed, and what was seen last behind it."""
    after, _, seen = (cursor or "").partition(":")
    return after or None, seen


def unseen(items: Sequence[Any], seen: str) -> int:
    """How many changes of the page have been seen; none if the last one is not on it: rather twice than never."""
    for index, item in enumerate(items):
        if seen and isinstance(item, dict) and within(None, item) == f":{seen}":
            return index + 1
    return 0


class CursorFile:
    """A file with the cursor that comes next; each write replaces it as a whole."""

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self._path = None if path is None else Path(os.path.realpath(path))

    def read(self) -> str | None:
        """The cursor, or None where none was saved."""
        if self._path is None:
            return None
        try:
            return self._path.read_text("ascii").strip() or None
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            raise ValueError(f"{self._path} holds no cursor.") from None

    def write(self, cursor: str) -> None:
        if self._path is not None:
            replace_file(self._path, cursor + "\n")
