"""The client: where everything begins."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING, Any

from goatfish import configuration
from goatfish.async_api.changes import AsyncChanges
from goatfish.async_api.keys import AsyncKeys
from goatfish.async_api.runs import AsyncRuns
from goatfish.async_api.sender import AsyncConnections, AsyncSender
from goatfish.async_api.simulations import AsyncSimulations
from goatfish.async_api.webhooks import AsyncWebhooks
from goatfish.decoding import object_of
from goatfish.http.async_waiting import async_call
from goatfish.http.request import Parameter, new_request, segment
from goatfish.http.response import Response
from goatfish.models import Caller, Probe, ProblemMeaning, Run
from goatfish.values import UNSET, Unset
from goatfish.workbench import page_of

if TYPE_CHECKING:
    from types import TracebackType
    from uuid import UUID

    from goatfish.http.library import httpx
    from goatfish.models import Simulation
    from goatfish.recording import AsyncRecorder, Capture, Recorder
    from goatfish.values import QuantityLike


class AsyncClient:
    """A client of one Goatfish service, with one key.

    ``url`` and ``key`` come from the environment (``GOATFISH_URL``, ``GOATFISH_KEY``) or the file of ``gf login``
    where they are not given. ``timeout`` is in seconds, for each try; a request is sent again up to ``max_retries``
    times where that may help. ``transport`` is one of the HTTP library's, for tests.

    Raises ``ConfigurationError`` where the URL or the key is missing, or is none.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout: float | None = 30.0,
        max_retries: int = 4,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        found = configuration.load(url, key)
        self._begin(AsyncSender(found, AsyncConnections(found.url, transport), timeout, max_retries))

    def _begin(self, sender: AsyncSender) -> None:
        self._sender = sender
        self.simulations = AsyncSimulations(sender)
        self.runs = AsyncRuns(sender)
        self.keys = AsyncKeys(sender)
        self.changes = AsyncChanges(sender)
        self.webhooks = AsyncWebhooks(sender)

    def with_options(self, *, timeout: float | Unset | None = UNSET, max_retries: int | Unset = UNSET) -> AsyncClient:
        """The same client, over the same connections, with another ``timeout`` or ``max_retries``."""
        mine = self._sender
        other = copy(self)
        other._begin(
            AsyncSender(
                mine.configuration,
                mine.connections,
                mine.timeout if timeout is UNSET else timeout,
                mine.max_retries if max_retries is UNSET else max_retries,
            )
        )
        return other

    @property
    def url(self) -> str:
        """The URL of the service, without a slash at its end."""
        return self._sender.configuration.url

    def page_of(self, thing: Run | Simulation | None = None) -> str:
        """Where people find this run or simulation: its page in the workbench of the service."""
        if thing is None:
            return page_of(self.url)
        return page_of(self.url, "runs" if isinstance(thing, Run) else "simulations", thing.id)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Parameter] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Response:
        """The answer to any request, as it comes; sent again and raising as all others.

        A POST without ``idempotency_key`` gets one, so that it makes nothing twice when it is sent again.
        """
        if idempotency_key is None and method.upper() == "POST":
            idempotency_key = uuid.uuid4().hex
        request = new_request(method, path, params=params, json=json, headers=headers, idempotency_key=idempotency_key)
        return await self._sender.send(request)

    async def me(self) -> Caller:
        """Who is calling: the owner, the key in use, its scopes and its expiry."""
        return object_of(Caller, await self._sender.send(new_request("GET", "/api/v1/me")))

    async def live(self) -> Probe:
        """That the service is alive; asked once."""
        return object_of(Probe, await self._sender.send(new_request("GET", "/livez", retried=False)))

    async def ready(self) -> Probe:
        """That the service can serve requests; asked once. Raises ``ServerError`` where it cannot."""
        return object_of(Probe, await self._sender.send(new_request("GET", "/readyz", retried=False)))

    async def problem(self, name: str) -> ProblemMeaning:
        """What a problem means: by its code, or its type as ``/problems/run-not-found``."""
        path = f"/problems/{segment(name.rstrip('/').rpartition('/')[2].replace('_', '-'))}"
        return object_of(ProblemMeaning, await self._sender.send(new_request("GET", path)))

    def run(
        self,
        simulation: Simulation | UUID | str,
        *,
        name: str | None = None,
        parameters: Mapping[str, QuantityLike] | None = None,
        labels: Mapping[str, Any] | None = None,
        solver: str | None = None,
        solver_version: str | None = None,
        external_id: str | None = None,
        parent: Recorder | Run | UUID | str | None = None,
        capture: Capture | bool = True,
        wait: bool = True,
    ) -> AsyncRecorder:
        """Records a run while a block does the work, which is never disturbed: see ``goatfish.recording``.

        ``simulation`` is one, its id, or a name; by its name it is made where there is none. ``wait``: entering waits
        until the run is made, for at most 5 s, and leaving until its end is sent, for at most 10 s.
        """
        from goatfish.recording import AsyncRecorder  # noqa: PLC0415 -- not everybody records

        return AsyncRecorder(
            self,
            simulation,
            name=name,
            parameters=parameters,
            labels=labels,
            solver=solver,
            solver_version=solver_version,
            external_id=external_id,
            parent=parent,
            capture=capture,
            wait=wait,
        )

    async def aclose(self) -> None:
        """Sends what is left of recorded runs, for a short time, and closes the connections."""
        connections = self._sender.connections
        try:
            if connections.recording is not None:
                await async_call(connections.recording.close)
        finally:  # Ctrl-C and a cancelled task do not wait
            await connections.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
