"""Read the files that a command writes its results to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from goatfish.commands.values import flatten

LARGEST = 4 * 1024 * 1024
"""Bytes; a file of a hundred results has some ten thousand."""


class ResultFiles:
    """Files as they were before a command: one that the command does not touch holds the results of an earlier one."""

    def __init__(self, paths: list[str]) -> None:
        self._before = {path: _signature(path) for path in paths}

    def read(self) -> tuple[dict[str, Any], list[str]]:
        """The results of all files, later ones before earlier ones, and a sentence for each that has none."""
        results: dict[str, Any] = {}
        complaints = []
        for path, before in self._before.items():
            now = _signature(path)
            if now is None:
                complaints.append(f"there is no result file {path}")
            elif now == before:
                complaints.append(f"{path} is as it was before the command: its results are not recorded")
            else:
                try:
                    results.update(_results(path))
                except (OSError, ValueError, RecursionError) as error:
                    complaints.append(f"{path} has no results that can be read: {error}")
        return results, complaints


def _results(path: str) -> dict[str, Any]:
    if not Path(path).is_file():  # a named pipe would be waited for
        raise ValueError("it is no file")
    with Path(path).open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 1024 // 1024} MiB")
    return flatten(json.loads(content))


def _signature(path: str) -> tuple[int, int, int] | None:
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
