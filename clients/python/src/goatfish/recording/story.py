"""Replays the lines of a journal: the run as it should be, and how much of it the service has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Optional

from goatfish.recording.journal import FORMAT, Line, NotAJournal
from goatfish.recording.values import ARTIFACTS_MAX, LABELS_MAX, MEMBERS_MAX

_MOST = {"labels": LABELS_MAX, "parameters": MEMBERS_MAX, "results": MEMBERS_MAX}
_KINDS: Mapping[str, type] = {**dict.fromkeys(_MOST, dict), "artifacts": list}
_ONLY_CREATED = {"status", "started_at", "external_id", "parent_id"}
FINAL = ("succeeded", "failed", "cancelled")
_START_MEMBERS = {"idempotency_key": str, "run": dict, "simulation": dict}


class Story:
    """A run by its journal. ``feed`` it with lines in the order of the file."""

    def __init__(self) -> None:
        self.start: Optional[Line] = None
        self.end: Optional[Line] = None
        self.post: Optional[Line] = None
        self.run_id: Optional[str] = None
        self.problem: Optional[Mapping[str, Any]] = None
        self.last_at: str = ""
        self._changes: list[Mapping[str, Any]] = []  # those that the service lacks: the start's body, then patches
        self._sent = 0  # how many it has
        self._end_sent = False
        self._held: dict[str, set[str]] = {name: set() for name in _MOST}
        self._artifacts: dict[str, dict[str, Any]] = {}

    def feed(self, lines: Iterable[Line]) -> None:
        """Raises ``NotAJournal`` where the first is no start of a format that this version knows."""
        for line in lines:
            if self.start is None:
                self._begin(line)
                continue
            self._go_on(line)

    def _begin(self, line: Line) -> None:
        if line["type"] != "start" or not all(isinstance(line.get(k), t) for k, t in _START_MEMBERS.items()):
            raise NotAJournal("it does not begin with the start of a run")
        wanted = line["simulation"]
        if not (wanted.get("id") or wanted.get("name")) or not isinstance(line.get("parent") or {}, dict):
            raise NotAJournal("its start does not name a simulation")
        if line.get("format") != FORMAT:
            raise NotAJournal(f"its format is {line.get('format')!r}, of a newer goatfish")
        self.start = line
        self.last_at = str(line.get("at", ""))
        self._change(line["run"])

    def _go_on(self, line: Line) -> None:
        kind = line["type"]
        if kind in {"change", "end"}:
            self.last_at = str(line.get("at") or self.last_at)
        if kind == "change" and isinstance(line.get("patch"), dict):
            self._change(line["patch"])
        elif kind == "end" and line.get("status") in FINAL and self.end is None:
            self.end = line
        elif kind == "post" and isinstance(line.get("body"), dict):
            self.post = line
        elif kind == "sent":
            self.run_id = line.get("run_id") or self.run_id
            self.mark_sent(int(line.get("through") or 0), bool(line.get("end")))
        elif kind == "refused":
            self.problem = line.get("problem") or {}

    def _change(self, change: Mapping[str, Any]) -> None:
        """Keep what the service takes of a change: members beyond its limits are left out."""
        kept = {name: value for name, value in change.items() if isinstance(value, _KINDS.get(name, object))}
        for name, most in _MOST.items():
            if name in kept:
                kept[name] = {key: each for key, each in change[name].items() if self._holds(name, key, each, most)}
        artifacts: Any = kept.get("artifacts", ())
        for each in artifacts:
            name = str(each.get("name"))
            if name in self._artifacts or len(self._artifacts) < ARTIFACTS_MAX:
                self._artifacts[name] = {**self._artifacts.get(name, {}), **each}
        self._changes.append(kept)

    def _holds(self, name: str, key: str, value: Any, most: int) -> bool:
        held = self._held[name]
        if value is None:
            held.discard(key)
            return True
        if key not in held and len(held) >= most:
            return False
        held.add(key)
        return True

    # ── what is to be sent ──

    @property
    def length(self) -> int:
        """The start and the changes so far."""
        return self._sent + len(self._changes)

    @property
    def all_sent(self) -> bool:
        """Whether the run has ended, and the service has everything so far."""
        return self.end is not None and not self.something_new

    @property
    def end_sent(self) -> bool:
        """Whether the service knows how the run ended."""
        return self._end_sent

    @property
    def something_new(self) -> bool:
        """Whether there is anything that the service lacks."""
        return bool(self._changes) or (self.end is not None and not self._end_sent)

    def mark_sent(self, through: int, end: bool) -> None:
        """The service has so many of the start and the changes, and maybe the end."""
        if through > self._sent:
            del self._changes[: through - self._sent]
            self._sent = through
        self._end_sent = self._end_sent or end

    def body(self) -> dict[str, Any]:
        """The whole run, to be created, without its simulation and parent. Nothing of it may have been sent."""
        body = self._merged()
        for name in _MOST:
            body[name] = {key: each for key, each in body.get(name, {}).items() if each is not None}
        return {**body, **self._ending(), "artifacts": list(self._artifacts.values())}

    def patch(self) -> dict[str, Any]:
        """What the service lacks of a run that it has."""
        patch = {name: value for name, value in self._merged().items() if name not in _ONLY_CREATED}
        if "artifacts" in patch:
            patch["artifacts"] = list(self._artifacts.values())
        patch.update({} if self._end_sent else self._ending())
        return patch

    def _ending(self) -> dict[str, Any]:
        if self.end is None or self.start is None:
            return {}
        began = str(self.start["run"].get("started_at") or "")
        finished = max(str(self.end.get("finished_at") or self.end.get("at") or began), began)
        ending = {"status": self.end["status"], "finished_at": finished}
        return {**ending, "status_reason": self.end["reason"]} if self.end.get("reason") else ending

    def _merged(self) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for change in self._changes:
            for name, value in change.items():
                merged[name] = {**merged.get(name, {}), **value} if name in _MOST else value
        return merged


def external_ids(start: Mapping[str, Any]) -> list[str]:
    """The external ids that a run may have got: its own, and those instead where another run has that."""
    own, key = str(start["run"].get("external_id")), str(start["idempotency_key"])
    found = [own, f"{own[:240]}/{key[:6]}", f"gf-{key}"] if start.get("external_id_from") == "batch" else [own]
    return [each for place, each in enumerate(found) if place != 1 or not own.endswith(f"/{key[:6]}")]
