"""What a program notes of a run while it goes on: parameters, results, labels, its solver, and links to files."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Union

from goatfish.recording import values
from goatfish.recording.artifacts import Artifacts, digest_of
from goatfish.recording.beginning import Wanted
from goatfish.recording.journal import Journal, now
from goatfish.recording.members import Members
from goatfish.recording.notices import warn, why
from goatfish.recording.quiet import quiet

if TYPE_CHECKING:
    from goatfish.recording.outgoing import Outgoing
    from goatfish.recording.sender import Sender


class Notes:
    """Brings what is noted into form, and writes it to the journal of the run."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._lock = threading.RLock()
        self._pid = 0
        self._item: Optional[Outgoing] = None
        self._sender: Optional[Sender] = None
        self._journal: Optional[Journal] = None
        self._ended = False
        self._said: set[str] = set()
        self._members = {kind: Members(kind, self._say) for kind in ("parameters", "results", "labels")}
        self._artifacts = Artifacts(self._say)

    @property
    def _title(self) -> str:
        return self._wanted.title

    @quiet
    def parameters(self, members: Optional[Mapping[str, Any]] = None, /, **named: Any) -> None:
        """Record what went in: numbers, booleans or texts, bare or with units, as in ``alpha=(12, "deg")``."""
        self._change("parameters", members, named)

    @quiet
    def results(self, members: Optional[Mapping[str, Any]] = None, /, **named: Any) -> None:
        """Record what came out, in the same forms; later values replace earlier ones, and None removes one."""
        self._change("results", members, named)

    @quiet
    def labels(self, members: Optional[Mapping[str, Any]] = None, /, **named: Any) -> None:
        """Record texts to find the run by."""
        self._change("labels", members, named)

    @quiet
    def solver(self, name: str, version: Optional[str] = None) -> None:
        """Record the program that computes it."""
        found = {
            "solver": values.line(name, values.SOLVER_MAX, "solver", self._say),
            "solver_version": values.line(version, values.SOLVER_MAX, "solver_version", self._say),
        }
        self._append({"type": "change", "at": now(), "patch": {k: v for k, v in found.items() if v is not None}})

    @quiet
    def artifact(
        self,
        path: Union[str, os.PathLike[str], None] = None,
        name: Optional[str] = None,
        uri: Optional[str] = None,
        media_type: Optional[str] = None,
    ) -> None:
        """Record a link to a file, with its size and SHA-256; the file stays where it is."""
        artifact, large = self._artifacts.linked(path, name, uri, media_type)
        if artifact is None:
            return
        self._append({"type": "change", "at": now(), "patch": {"artifacts": [artifact]}})
        if large is not None and self._item is not None and self._sender is not None and os.getpid() == self._pid:
            self._sender.start_job(self._item, functools.partial(self._hash, large, artifact["name"]))

    def _hash(self, file: Path, called: str) -> None:
        facts = digest_of(file)
        if facts:
            self._append({"type": "change", "at": now(), "patch": {"artifacts": [{"name": called, **facts}]}})

    def _change(self, section: str, members: Optional[Mapping[str, Any]], named: Mapping[str, Any]) -> None:
        with self._lock:
            patch = self._members[section].recorded({} if members is None else members, named)
            if patch:
                self._append({"type": "change", "at": now(), "patch": {section: patch}})

    def _append(self, line: dict[str, Any]) -> None:
        journal = self._journal
        if journal is None:
            self._say("it was not started, and nothing is recorded")
            return
        if self._item is not None and self._item.is_over and self._ended:
            self._say("it has ended, and nothing more is recorded")
            return
        error = journal.append(line)
        if error is not None:
            self._say(f"its journal cannot be written ({why(error)}): what comes now is kept in memory")

    def _say(self, sentence: str) -> None:
        """Warn of something, once a run."""
        with self._lock:
            if sentence in self._said or len(self._said) > 50:  # noqa: PLR2004 -- more is noise
                return
            self._said.add(sentence)
        warn("Run %s: %s", ascii(self._title), sentence)
