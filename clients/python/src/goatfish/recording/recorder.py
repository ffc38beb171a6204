"""Record a run while a block of code, or a whole program, does the work.

Nothing here raises: what goes wrong is a warning of the logger ``goatfish``, and the work goes on.
"""

from __future__ import annotations

import functools
import hashlib
import os
import stat
import threading
import time
import uuid
import weakref
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar, Union, cast

from goatfish.recording import spool, values
from goatfish.recording.capture import Capture, Captured, capture, capture_slowly
from goatfish.recording.journal import FORMAT, Journal, now
from goatfish.recording.members import Members
from goatfish.recording.notices import warn
from goatfish.recording.outcome import Outcome, outcome_of
from goatfish.recording.outgoing import Outgoing
from goatfish.recording.sender import Sender
from goatfish.recording.story import Story, external_ids
from goatfish.values import is_id
from goatfish.workbench import page_of

if TYPE_CHECKING:
    from types import TracebackType

    from goatfish.async_api.client import AsyncClient
    from goatfish.models import Run, Simulation
    from goatfish.recording.service import Service
    from goatfish.sync_api.client import Client

ENTER_SECONDS, LEAVE_SECONDS = 5.0, 10.0
_HASHED_AT_ONCE = 64 * 1024
_SHORT_RUN = 0.2
_Method = TypeVar("_Method", bound=Callable[..., Any])
_batch_ids_used: set[str] = set()


def _quiet(method: _Method) -> _Method:
    """A method that warns where it would raise."""

    @functools.wraps(method)
    def quietly(self: Recorder, /, *arguments: Any, **named: Any) -> Any:
        try:
            return method(self, *arguments, **named)
        except Exception as error:
            self._say(f"{method.__name__}() recorded nothing: {type(error).__name__}: {values.plain_text(error)}")
            return None

    return cast(_Method, quietly)


class Recorder:
    """A run that is being recorded: by ``with``, or between ``start()`` and ``end()``.

    ``client`` may be None: the run is kept in its journal until ``gf sync``. ``wait``: beginning waits until the run
    is made, for at most 5 s, and ending until that is sent, for at most 10 s; otherwise nothing ever waits.
    """

    def __init__(
        self,
        client: Union[Client, AsyncClient, None],
        simulation: Union[str, Simulation, uuid.UUID],
        *,
        name: Optional[str] = None,
        parameters: Optional[Mapping[str, Any]] = None,
        labels: Optional[Mapping[str, Any]] = None,
        solver: Optional[str] = None,
        solver_version: Optional[str] = None,
        external_id: Optional[str] = None,
        parent: Union[Recorder, Run, str, uuid.UUID, None] = None,
        capture: Union[bool, Capture] = True,
        wait: bool = True,
        started_at: Union[datetime, str, None] = None,
    ) -> None:
        self._client = client
        self._simulation = simulation
        self._given: dict[str, Any] = {"name": name, "solver": solver, "solver_version": solver_version}
        self._parameters, self._labels = parameters, labels
        self._external_id, self._parent = external_id, parent
        self._capture = Capture.of(capture)
        self._wait = wait
        self._started_at = started_at
        self._lock = threading.RLock()
        self._pid = 0
        self._item: Optional[Outgoing] = None
        self._sender: Optional[Sender] = None
        self._journal: Optional[Journal] = None
        self._begun = time.monotonic()
        self._ended = False
        self._outcome: Optional[Outcome] = None
        self._said: set[str] = set()
        self._members = {kind: Members(kind, self._say) for kind in ("parameters", "results", "labels")}
        self._artifacts: set[str] = set()
        _recorders.add(self)

    # ── the run as the service knows it ──

    @property
    def id(self) -> Optional[str]:
        """The service's id of the run once it has answered, else None."""
        return self._item.story.run_id if self._item is not None else None

    @property
    def url(self) -> Optional[str]:
        """Where programs find the run in the service, once it has answered, else None."""
        if self.id is None or self._client is None:
            return None
        return f"{self._client.url}/api/v1/runs/{self.id}"

    @property
    def page(self) -> Optional[str]:
        """Where people find the run: its page in the workbench, once the service has answered, else None."""
        if self.id is None or self._client is None:
            return None
        return page_of(self._client.url, "runs", self.id)

    @property
    def path(self) -> Optional[Path]:
        """The journal of the run; None where it is in memory alone. It is deleted when all is sent."""
        return self._journal.path if self._journal is not None else None

    @property
    def is_sent(self) -> bool:
        """Whether the service has all of it, and how it ended."""
        return self._item is not None and self._item.story.all_sent

    @property
    def is_refused(self) -> bool:
        """Whether the service will not have it as it is; it is kept."""
        return self._item is not None and self._item.story.problem is not None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._title!a}, {self.id or 'not sent yet'}>"

    @property
    def _title(self) -> str:
        try:
            named = self._given["name"] or getattr(self._simulation, "name", self._simulation)
        except Exception:  # of objects that are neither texts nor simulations
            named = self._simulation
        return values.plain_text(named)[:80]

    # ── in another process ──

    def __getstate__(self) -> dict[str, Any]:
        """For a worker of a pool: it records into the same run by its journal, and does not end it."""
        title = self._title
        left = {"_lock", "_client", "_item", "_sender", "_parent", "_parameters", "_labels", "_started_at"}
        kept = {name: value for name, value in self.__dict__.items() if name not in left}
        return {**kept, "_simulation": title, "_given": {"name": title}, "_journal": self.path, "_pid": 0}

    def __setstate__(self, state: dict[str, Any]) -> None:
        left = ("_client", "_item", "_sender", "_parent", "_parameters", "_labels", "_started_at")
        self.__dict__.update({**dict.fromkeys(left), **state, "_lock": threading.RLock()})
        self._journal = None if state["_journal"] is None else Journal.elsewhere(state["_journal"])
        _recorders.add(self)

    # ── begun ──

    def start(self, *, wait: bool | None = None) -> Recorder:
        """Begin the run; the service is told in the background, which ``wait`` waits for, by default as for its end."""
        try:
            self._begin()
            if self._wait if wait is None else wait:
                self._wait_until_made()
        except BaseException as error:
            # Ctrl-C: no block is entered, so that nobody else would end the run.
            self._end_by(outcome_of(error))
            raise
        return self

    @_quiet
    def _begin(self) -> None:
        if self._journal is not None:
            self._say("it was started before, and is started once")
            return
        self._pid = os.getpid()
        self._begun = time.monotonic()
        try:
            captured = capture(self._capture)
        except Exception as error:
            self._say(f"nothing was captured: {error}")
            captured = Captured()
        start = self._first_line(captured)
        self._journal = self._new_journal(start)
        story = Story()
        self._item = Outgoing(self._journal, f"Run {self._title!a}", story, self._parent_id)
        if self._capture.git or self._capture.user:
            self._item.waiting_jobs.append(self._capture_slowly)
        self._sender = _sender_of(self._client)
        self._sender.add(self._item, within=0.0 if self._wait else _SHORT_RUN)

    def _first_line(self, captured: Captured) -> dict[str, Any]:
        key = str(uuid.uuid4())
        at = now()
        run: dict[str, Any] = {"status": "running", "started_at": self._moment(self._started_at) or at}
        for name, most in (("name", 300), ("solver", 100), ("solver_version", 100)):
            text = values.line(self._given[name], most, name, self._say)
            if text is not None:
                run[name] = text
        run["external_id"], source = self._own_external_id(captured, key)
        for section, given, found in (
            ("parameters", self._parameters, captured.parameters),
            ("labels", self._labels, captured.labels),
        ):
            members = self._members[section].recorded(given, {}) if given is not None else {}
            run[section] = {**members, **self._members[section].captured(found)}
        line: dict[str, Any] = {"type": "start", "format": FORMAT, "at": at, **self._tenant(), **spool.this_process()}
        line |= {"idempotency_key": key, "external_id_from": source, "simulation": self._wanted_simulation()}
        if self._parent is not None:
            line["parent"] = self._wanted_parent()
        return {**line, "run": run}

    def _own_external_id(self, captured: Captured, key: str) -> tuple[str, str]:
        """The external id, and where it is from: the user, the batch system, or made here."""
        own = values.line(self._external_id, values.EXTERNAL_ID_MAX, "external_id", self._say)
        if own is not None:
            return own, "user"
        given = values.line(captured.external_id, 200, "external_id", self._say)
        if given is None:
            return f"gf-{key}", "made"
        if given in _batch_ids_used:
            return f"{given}/{key[:6]}", "batch"
        _batch_ids_used.add(given)
        return given, "batch"

    def _tenant(self) -> dict[str, Optional[str]]:
        """Where the run is to be sent to, and with whose key."""
        if self._client is None:
            return {"url": None, "key": None, "owner": None}
        from goatfish.recording.service import OWNERS, public_part  # noqa: PLC0415 -- with a client only

        configuration = self._client._sender.configuration
        key = public_part(configuration.key)
        return {"url": configuration.url, "key": key, "owner": OWNERS.find(configuration.url, key)}

    def _wanted_simulation(self) -> dict[str, str]:
        known = getattr(self._simulation, "id", self._simulation)
        text = values.plain_text(known)
        return {"id": text.lower()} if is_id(text) else _named(text, self._say)

    def _wanted_parent(self) -> dict[str, Any]:
        parent = self._parent
        if isinstance(parent, Recorder):
            if parent.id is not None:
                return {"id": parent.id}
            return parent._reference()
        return {"id": values.plain_text(getattr(parent, "id", parent))}

    def _reference(self) -> dict[str, Any]:
        """How a run that continues this one tells of it as long as it has no id."""
        start = self._start
        run = start.get("run", {})
        path = self.path
        return {
            "external_ids": external_ids(start),
            "started_at": run.get("started_at"),
            "journal": path.name if path is not None else None,
        }

    _start: Mapping[str, Any] = {}

    def _new_journal(self, start: dict[str, Any]) -> Journal:
        self._start = start
        try:
            return Journal.create(start, spool.usable())
        except OSError as error:
            self._say(f"no journal can be written ({_why(error)}): it is kept in memory, and lost with this process")
            return Journal.create(start, None)

    def _parent_id(self, parent: Mapping[str, Any], service: Service) -> Optional[str]:
        from goatfish.recording.parents import parent_id  # noqa: PLC0415 -- with the HTTP part only

        known = self._parent if isinstance(self._parent, Recorder) else None
        # In a forked process its copy of the parent's recorder learns nothing more.
        is_here = known is not None and known._pid == os.getpid()
        return parent_id(parent, service, self.path, known._item if known is not None and is_here else None)

    def _wait_until_made(self) -> None:
        item, sender = self._item, self._sender
        if item is not None and sender is not None and self._client is not None and os.getpid() == self._pid:
            sender.wait(lambda: item.is_made, ENTER_SECONDS)

    def _capture_slowly(self) -> None:
        labels = capture_slowly(self._capture)
        with self._lock:
            fitting = self._members["labels"].captured(labels)
            if fitting:
                self._append({"type": "change", "at": now(), "patch": {"labels": fitting}})

    # ── told while it goes on ──

    @_quiet
    def parameters(self, members: Optional[Mapping[str, Any]] = None, /, **named: Any) -> None:
        """Record what went in: numbers, booleans or texts, bare or with units, as in ``alpha=(12, "deg")``."""
        self._change("parameters", members, named)

    @_quiet
    def results(self, members: Optional[Mapping[str, Any]] = None, /, **named: Any) -> None:
        """Record what came out, in the same forms; later values replace earlier ones, and None removes one."""
        self._change("results", members, named)

    @_quiet
    def labels(self, members: Optional[Mapping[str, Any]] = None, /, **named: Any) -> None:
        """Record texts to find the run by."""
        self._change("labels", members, named)

    @_quiet
    def solver(self, name: str, version: Optional[str] = None) -> None:
        """Record the program that computes it."""
        found = {
            "solver": values.line(name, values.SOLVER_MAX, "solver", self._say),
            "solver_version": values.line(version, values.SOLVER_MAX, "solver_version", self._say),
        }
        self._append({"type": "change", "at": now(), "patch": {k: v for k, v in found.items() if v is not None}})

    @_quiet
    def artifact(
        self,
        path: Union[str, os.PathLike[str], None] = None,
        name: Optional[str] = None,
        uri: Optional[str] = None,
        media_type: Optional[str] = None,
    ) -> None:
        """Record a link to a file, with its size and SHA-256; the file stays where it is."""
        file = None if path is None else Path(path).absolute()
        link = values.artifact_uri(uri if uri is not None else file.as_uri() if file is not None else "", self._say)
        shown = name if name is not None else file.name if file is not None else (link or "").rpartition("/")[2]
        called = values.line(shown or link, values.ARTIFACT_NAME_MAX, "the name of an artifact", self._say)
        if link is None or called is None:
            return
        if called not in self._artifacts and len(self._artifacts) >= values.ARTIFACTS_MAX:
            self._say(f"more than {values.ARTIFACTS_MAX} artifacts: the rest is not recorded")
            return
        self._artifacts.add(called)
        artifact: dict[str, Any] = {"name": called, "uri": link}
        kind = values.line(media_type, values.ARTIFACT_NAME_MAX, "media_type", self._say)
        if kind is not None:
            artifact["media_type"] = kind
        self._append(
            {"type": "change", "at": now(), "patch": {"artifacts": [{**artifact, **self._facts(file, called)}]}}
        )

    def _facts(self, file: Optional[Path], called: str) -> dict[str, Any]:
        """The size of a file, and its digest where it is small; that of a large one is told later."""
        if file is None:
            return {}
        try:
            found = file.stat()
        except OSError as error:
            self._say(f"the artifact {called!a} cannot be read: {_why(error)}")
            return {}
        if not stat.S_ISREG(found.st_mode):
            return {}
        if found.st_size <= _HASHED_AT_ONCE:
            return _digest(file) or {"bytes": found.st_size}
        if self._item is not None and self._sender is not None and os.getpid() == self._pid:
            self._sender.start_job(self._item, functools.partial(self._hash, file, called))
        return {"bytes": found.st_size}

    def _hash(self, file: Path, called: str) -> None:
        facts = _digest(file)
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
            self._say(f"its journal cannot be written ({_why(error)}): what comes now is kept in memory")

    # ── ended ──

    @_quiet
    def fail(self, reason: Optional[str] = None) -> None:
        """Let the run end as failed."""
        self._outcome = Outcome("failed", reason)

    @_quiet
    def cancel(self, reason: Optional[str] = None) -> None:
        """Let the run end as cancelled."""
        self._outcome = Outcome("cancelled", reason)

    def end(
        self,
        status: str = "succeeded",
        reason: Optional[str] = None,
        finished_at: Union[datetime, str, None] = None,
    ) -> None:
        """End the run as ``succeeded``, ``failed`` or ``cancelled``; the first end counts."""
        self._end_by(Outcome(status, reason), finished_at)
        if self._wait:
            self._wait_until_sent()

    @_quiet
    def _end_by(self, outcome: Outcome, finished_at: Union[datetime, str, None] = None) -> None:
        if self._ended or self._journal is None or os.getpid() != self._pid:
            return  # a run ends once, and in the process that began it
        self._ended = True
        status = outcome.status if outcome.status in {"succeeded", "failed", "cancelled"} else "failed"
        finished = self._moment(finished_at) or self._now_by_both_clocks()
        reason = values.reason(outcome.reason, self._say)
        self._append({"type": "end", "at": now(), "status": status, "reason": reason, "finished_at": finished})
        if self._item is not None and self._sender is not None:
            self._sender.hurry(self._item)

    def _now_by_both_clocks(self) -> str:
        """Now, or where the clock was set back meanwhile, the start and as long as it took."""
        began, at = str(self._start["run"]["started_at"]), now()
        if at >= began:
            return at
        start = datetime.strptime(began, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
        return values.moment(start + timedelta(seconds=time.monotonic() - self._begun))

    def _wait_until_sent(self) -> None:
        item, sender = self._item, self._sender
        if item is not None and sender is not None and os.getpid() == self._pid:
            sender.wait(lambda: item.is_over, LEAVE_SECONDS)

    @_quiet
    def _moment(self, given: Union[datetime, str, None]) -> Optional[str]:
        return None if given is None else values.moment(given)

    # ── with ──

    def __enter__(self) -> Recorder:
        return self.start()

    def __exit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._end_by(self._how(error))
        if self._wait:
            self._wait_until_sent()

    def _how(self, error: Optional[BaseException]) -> Outcome:
        return self._outcome or outcome_of(error)

    # ── said ──

    def _say(self, sentence: str) -> None:
        """Warn of something, once a run."""
        with self._lock:
            if sentence in self._said or len(self._said) > 50:  # noqa: PLR2004 -- more is noise
                return
            self._said.add(sentence)
        warn("Run %s: %s", ascii(self._title), sentence)

    def _after_fork(self) -> None:
        self._lock = threading.RLock()


class AsyncRecorder(Recorder):
    """A run that is being recorded by ``async with``; the event loop goes on while it waits."""

    async def __aenter__(self) -> AsyncRecorder:
        from goatfish.http.async_waiting import async_call  # noqa: PLC0415 -- needs asyncio

        try:
            self._begin()
            if self._wait:
                await async_call(self._wait_until_made)
        except BaseException as error:
            self._end_by(outcome_of(error))
            raise
        return self

    async def __aexit__(
        self, kind: Optional[type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self._end_by(self._how(error))
        if self._wait:
            from goatfish.http.async_waiting import async_call  # noqa: PLC0415 -- needs asyncio

            await async_call(self._wait_until_sent)


def _named(text: str, say: values.Say) -> dict[str, str]:
    return {"name": values.line(text, values.NAME_MAX, "the simulation's name", say) or "unnamed"}


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _digest(file: Path) -> dict[str, Any]:
    """The size and the SHA-256 of a file; nothing where it cannot be read."""
    digest, size = hashlib.sha256(), 0
    try:
        with file.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
                size += len(chunk)
    except OSError:
        return {}
    return {"bytes": size, "sha256": digest.hexdigest()}


# ── senders ──

_alone: list[Sender] = []
_making = threading.Lock()


def _sender_of(client: Union[Client, AsyncClient, None]) -> Sender:
    """The sender over the connections of a client; without a client the one that sends nothing."""
    with _making:
        if client is None:
            if not _alone:
                _alone.append(Sender(None))
            return _alone[0]
        connections = client._sender.connections
        if connections.recording is None:
            from goatfish.recording.service import Service  # noqa: PLC0415 -- with a client only

            service = Service.of(client)
            connections.recording = Sender(lambda: service)
            connections.recording.is_closed = connections._closed
        return connections.recording


_recorders: weakref.WeakSet[Recorder] = weakref.WeakSet()


def _after_fork() -> None:
    global _making  # noqa: PLW0603 -- another thread of the parent may have held it
    _making = threading.Lock()
    for recorder in list(_recorders):
        recorder._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
