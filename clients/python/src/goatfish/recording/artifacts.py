"""The links to files of a run, with the sizes and digests of those that can be read."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import Any, Optional, Union

from goatfish.recording import values
from goatfish.recording.notices import why

_HASHED_AT_ONCE = 64 * 1024
"""Bytes of a file whose digest takes no time that anybody would notice."""


class Artifacts:
    """No more of them than the service takes, each under a name of its own."""

    def __init__(self, say: values.Say) -> None:
        self._say = say
        self._names: set[str] = set()

    def linked(
        self,
        path: Union[str, os.PathLike[str], None],
        name: Optional[str],
        uri: Optional[str],
        media_type: Optional[str],
    ) -> tuple[Optional[dict[str, Any]], Optional[Path]]:
        """The artifact in the form of the service, or None; and the file, if it is large and still to be hashed."""
        file = None if path is None else Path(path).absolute()
        link = values.artifact_uri(uri if uri is not None else file.as_uri() if file is not None else "", self._say)
        shown = name if name is not None else file.name if file is not None else (link or "").rpartition("/")[2]
        called = values.line(shown or link, values.ARTIFACT_NAME_MAX, "the name of an artifact", self._say)
        if link is None or called is None:
            return None, None
        if called not in self._names and len(self._names) >= values.ARTIFACTS_MAX:
            self._say(f"more than {values.ARTIFACTS_MAX} artifacts: the rest is not recorded")
            return None, None
        self._names.add(called)
        artifact: dict[str, Any] = {"name": called, "uri": link}
        kind = values.line(media_type, values.ARTIFACT_NAME_MAX, "media_type", self._say)
        if kind is not None:
            artifact["media_type"] = kind
        facts, is_large = self._facts(file, called)
        return {**artifact, **facts}, file if is_large else None

    def _facts(self, file: Optional[Path], called: str) -> tuple[dict[str, Any], bool]:
        """The size of a file, its digest where it is small, and whether it is large."""
        if file is None:
            return {}, False
        try:
            found = file.stat()
        except OSError as error:
            self._say(f"the artifact {called!a} cannot be read: {why(error)}")
            return {}, False
        if not stat.S_ISREG(found.st_mode):
            return {}, False
        if found.st_size <= _HASHED_AT_ONCE:
            return digest_of(file) or {"bytes": found.st_size}, False
        return {"bytes": found.st_size}, True


def digest_of(file: Path) -> dict[str, Any]:
    """The size and the SHA-256 of a file as it is now, whatever is written to it meanwhile; nothing if unreadable.

    Some files of the system tell no size and have no end: nothing is read of them.
    """
    digest = hashlib.sha256()
    try:
        with file.open("rb") as stream:
            left = size = os.fstat(stream.fileno()).st_size
            while left and (chunk := stream.read(min(left, 1 << 20))):
                digest.update(chunk)
                left -= len(chunk)
    except OSError:
        return {}
    return {"bytes": size - left, "sha256": digest.hexdigest()}
