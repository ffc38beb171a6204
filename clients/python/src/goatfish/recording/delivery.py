"""Bring one journal to the service: the run is created once, then changed, then ended, and the file is deleted.

The service may be away at any moment, and the process may end at any: each step is written before it is taken, and
can be taken again.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any, Callable, Optional

from goatfish.errors import APIError, GoatfishError, NotFound
from goatfish.http.request import segment
from goatfish.recording import parents, values
from goatfish.recording.journal import Journal, now
from goatfish.recording.service import Service
from goatfish.recording.story import Story, external_ids

_REFUSALS = {400, 404, 405, 409, 410, 413, 414, 415, 422, 431}
_TOO_LARGE = {413, 414, 431}
_NO_PATCH = {403, 405, 501}
"""What a proxy says that lets no PATCH through."""
_ATTEMPTS = 8
ParentId = Callable[[Mapping[str, Any], Service], Optional[str]]


class Delivery:
    """One journal and how far it has come. ``sentences`` tell what could not be done as it was wanted."""

    def __init__(self, journal: Journal, parent_id: Optional[ParentId] = None, story: Optional[Story] = None) -> None:
        self.journal = journal
        self.story = Story() if story is None else story
        self.sentences: list[str] = []
        self._is_new = True  # no request to create it was ever sent
        self._method = "PATCH"
        self._parent_id = parent_id or self._find_parent

    def read(self) -> Story:
        """The story as far as it is written. Raises ``NotAJournal``."""
        self.story.feed(self.journal.unread())
        return self.story

    def step(self, service: Service) -> None:
        """Send all that there is. Raises what the service raises where that can be tried again, and ``NotYet``."""
        story = self.read()
        if story.problem is None and story.run_id is None:
            self._create(service)
        if story.problem is None and story.something_new:
            self._patch(service)

    def _find_parent(self, parent: Mapping[str, Any], service: Service) -> Optional[str]:
        return parents.parent_id(parent, service, self.journal.path)

    # ── created ──

    def _create(self, service: Service) -> None:
        for _ in range(_ATTEMPTS):
            is_first = self._is_new and self.story.post is None
            post = self.story.post or self._new_post(service)
            self._is_new = False
            try:
                run = service.ask("POST", "/api/v1/runs", json=post["body"], idempotency_key=post["idempotency_key"])
            except APIError as error:
                if self._settle(service, post, error, maybe_ours=not is_first or error.maybe_done):
                    return
            else:
                self._created(str(run["id"]), post["through"], bool(post.get("end")))
                return
        raise GoatfishError("The run could not be created in several ways.")

    def _created(self, run_id: str, through: int, end: bool) -> None:
        self._write({"type": "sent", "at": now(), "run_id": run_id, "through": through, "end": end})

    def _settle(self, service: Service, post: Mapping[str, Any], error: APIError, *, maybe_ours: bool) -> bool:
        """Deal with a refusal of the creation; returns whether that is the end of it.

        ``maybe_ours``: an earlier request may have created it, so that it is its own run that is in its way.
        """
        body = dict(post["body"])
        if error.code in {"external_id_taken", "idempotency_key_reused"}:
            found = self._with_external_id(service, body)
            if found is not None and maybe_ours and self._is_ours(found, body):
                # Which body it was created with is not known: everything is sent again.
                self._created(found["id"], 0, False)
                return True
            if found is not None and error.code == "external_id_taken":
                other = self._other_external_id(str(body.get("external_id")))
                if other is None:
                    self._refuse(error)
                    return True
                self._say(f"another run has the external id {body['external_id']}: {other} is used")
                body["external_id"] = other
        elif not _is_refusal(error):
            raise error
        elif _concerns(error, "simulation_id") and service.forget_simulation(self._start["simulation"]):
            body["simulation_id"] = service.simulation(self._start["simulation"])
        elif not self._prune(body, error):
            self._refuse(error)
            return True
        self._write_post(service, body, f"{self._start['idempotency_key']}-{uuid.uuid4().hex[:8]}", post)
        return False

    @property
    def _start(self) -> Mapping[str, Any]:
        return self.story.start or {}

    def _new_post(self, service: Service) -> Mapping[str, Any]:
        body = {"simulation_id": service.simulation(self._start["simulation"]), **self.story.body()}
        parent = self._start.get("parent")
        if parent:
            body["parent_id"] = self._parent_id(parent, service)
            if body["parent_id"] is None:
                self._say("the run that it continues was not found, and is left out")
                del body["parent_id"]
        so_far = {"through": self.story.length, "end": self.story.end is not None}
        return self._write_post(service, body, self._start["idempotency_key"], so_far)

    def _write_post(
        self, service: Service, body: dict[str, Any], key: str, so_far: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Write what is about to be sent, so that whoever has to send it again sends the same."""
        line = {"type": "post", "at": now(), "url": service.url, "key": service.key, "owner": service.known_owner()}
        progress = {"through": so_far["through"], "end": bool(so_far.get("end"))}
        self._write({**line, "idempotency_key": key, **progress, "body": body})
        return self.story.post or {}

    @staticmethod
    def _with_external_id(service: Service, body: Mapping[str, Any]) -> Optional[Mapping[str, Any]]:
        external_id = body.get("external_id")
        if not external_id:
            return None
        return next(iter(service.runs_with(str(external_id))), None)

    @staticmethod
    def _is_ours(found: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
        """Whether this run is the one that was to be created, by an attempt whose answer was lost."""
        if str(body["external_id"]).startswith("gf-"):
            return True  # of 122 random bits
        began = found.get("started_at")
        same_start = began is not None and values.moment(began) == body.get("started_at")
        return same_start and found.get("simulation_id") == body["simulation_id"]

    def _other_external_id(self, taken: str) -> Optional[str]:
        """The next external id, where it was not the user who has chosen it."""
        if self._start.get("external_id_from") == "user":
            return None
        known = external_ids(self._start)
        place = known.index(taken) + 1 if taken in known else 0
        return known[place] if place < len(known) else f"gf-{uuid.uuid4()}"

    # ── changed and ended ──

    def _patch(self, service: Service) -> None:
        through, end = self.story.length, self.story.end is not None
        patch = self.story.patch()
        for _ in range(_ATTEMPTS):
            if not patch:
                break
            try:
                service.ask(self._method, f"/api/v1/runs/{segment(str(self.story.run_id))}", json=patch)
                break
            except APIError as error:
                if self._method == "PATCH" and error.status in _NO_PATCH and error.code is None:
                    self._method = "POST"  # does the same
                elif not self._mend(patch, error):
                    return
        self._write({"type": "sent", "at": now(), "run_id": self.story.run_id, "through": through, "end": end})

    def _mend(self, patch: dict[str, Any], error: APIError) -> bool:
        """Take out of the patch what was refused; returns whether the rest is to be sent."""
        if not _is_refusal(error):
            raise error
        ending = ("status", "finished_at", "status_reason")
        if isinstance(error, NotFound):
            self._refuse(error)
            return False
        if error.code in {"run_has_ended", "run_has_started"} and "status" in patch:
            self._say(f"the run had ended already, and does not become {patch['status']}")
            for name in ending:
                patch.pop(name, None)
            return True
        if self._prune(patch, error):
            return True
        if "status" in patch and set(patch) - set(ending):
            self._say(f"its last changes were refused: {error}")
            for name in set(patch) - set(ending):
                del patch[name]
            return True
        self._refuse(error)
        return False

    # ── refused ──

    def _prune(self, body: dict[str, Any], error: APIError) -> bool:
        """Take the values out that the service refuses; returns whether there were any."""
        places = sorted({each.pointer for each in error.errors if each.pointer}, reverse=True)
        taken = [place for place in places if _take_out(body, place)]
        for place in taken:
            self._say(f"the service refused {place}, which is left out")
        return bool(taken)

    def _refuse(self, error: APIError) -> None:
        known = {"status": error.status, "code": error.code, "title": error.title, "detail": error.detail}
        errors = [{"pointer": each.pointer, "code": each.code, "detail": each.detail} for each in error.errors]
        self._say(f"the service refused it: {error}")
        self._write({"type": "refused", "at": now(), "problem": {**known, "errors": errors}})

    def _write(self, line: dict[str, Any]) -> None:
        self.journal.append(line)
        self.read()

    def _say(self, sentence: str) -> None:
        self.sentences.append(sentence)


def _is_refusal(error: APIError) -> bool:
    """Whether the service will not have it, however often it is asked.

    What has no problem code is not of Goatfish, but of something before it or at a wrong URL: that may pass.
    """
    if error.code is None:
        return error.status in _TOO_LARGE
    return error.status in _REFUSALS and error.code != "request_in_flight"


def _concerns(error: APIError, member: str) -> bool:
    return any(each.pointer == f"#/{member}" for each in error.errors)


def _take_out(body: dict[str, Any], pointer: str) -> bool:
    """Take the member or the item at a JSON pointer out; those of a run that it cannot do without stay."""
    path = [part.replace("~1", "/").replace("~0", "~") for part in re.sub("^#?/", "", pointer).split("/")]
    if not path[0] or path[0] in {"simulation_id", "status"} or path[0] not in body:
        return False
    if path[0] == "external_id":
        body["external_id"] = f"gf-{uuid.uuid4()}"
        return True
    inner = body[path[0]]
    if len(path) > 1 and isinstance(inner, dict):
        return inner.pop(path[1], inner) is not inner
    if len(path) > 1 and isinstance(inner, list) and path[1].isdigit() and int(path[1]) < len(inner):
        del inner[int(path[1])]
        return True
    del body[path[0]]
    return True
