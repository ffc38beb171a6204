"""What simulations and runs have in common: reading, conditional changes, deletion and history."""

from __future__ import annotations

import builtins
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, Union

from goatfish.async_api.pages import AsyncPages
from goatfish.batches import batch_key, batches, place_in_all
from goatfish.decoding import decoded, object_of, objects_of
from goatfish.errors import APIError, ConnectionFailed, GoatfishError, NotFound, PreconditionFailed
from goatfish.http.request import Request, new_request, segment
from goatfish.models import Run, RunRevision, Simulation, SimulationRevision
from goatfish.values import id_text

if TYPE_CHECKING:
    from goatfish.async_api.sender import AsyncSender

M = TypeVar("M", Simulation, Run)
R = TypeVar("R", SimulationRevision, RunRevision)


class AsyncObjects(Generic[M, R]):
    """The objects of one kind."""

    PATH: ClassVar[str]
    KIND: type[M]
    REVISION: type[R]

    def __init__(self, sender: AsyncSender) -> None:
        self._sender = sender

    async def get(self, id: Union[M, str, uuid.UUID]) -> M:
        """The object as it is now. Raises ``NotFound``."""
        return object_of(self.KIND, await self._sender.send(new_request("GET", self._path(id))))

    async def _create(self, body: Any, idempotency_key: str | None) -> M:
        key = uuid.uuid4().hex if idempotency_key is None else idempotency_key
        response = await self._sender.send(new_request("POST", self.PATH, json=body, idempotency_key=key))
        return object_of(self.KIND, response)

    async def _create_many(self, bodies: Sequence[Any], idempotency_key: str | None) -> builtins.list[M]:
        """Makes them all, in as few requests as may be; the error says what was made before it."""
        made: list[M] = []
        key = uuid.uuid4().hex if idempotency_key is None else idempotency_key
        for first, content in batches(bodies):
            path, batch = f"{self.PATH}/batch", batch_key(key, first)
            try:
                response = await self._sender.send(new_request("POST", path, content=content, idempotency_key=batch))
                made += objects_of(self.KIND, decoded(response), response)
            except GoatfishError as error:
                error.made = made
                if isinstance(error, APIError):
                    place_in_all(error, first)
                raise
        return made

    async def delete(self, target: Union[M, str, uuid.UUID], *, if_unchanged: bool = False) -> None:
        """Deletes it; with ``if_unchanged`` only as it was read: else raises ``PreconditionFailed``."""
        request = new_request("DELETE", self._path(target), if_match=await self._etag(target, if_unchanged))
        try:
            await self._sender.send(request)
        except NotFound as error:
            if not error.maybe_done or await self._revision_by(request, target, error) is None:
                raise

    def revisions(self, id: Union[M, str, uuid.UUID], *, limit: int | None = None) -> AsyncPages[R]:
        """Its changes, the latest first; also of an object that is deleted."""
        return AsyncPages(self._sender, f"{self._path(id)}/revisions", {"limit": limit}, self.REVISION)

    async def restore(self, id: Union[M, str, uuid.UUID], version: int, *, if_unchanged: bool = False) -> M:
        """Brings back the state of this version as a new one, also of an object that is deleted."""
        return await self._written("POST", id, {"version": version}, if_unchanged, suffix="/restore")

    async def _written(
        self, method: str, target: Any, body: Mapping[str, Any], if_unchanged: bool, suffix: str = ""
    ) -> M:
        etag = await self._etag(target, if_unchanged)
        request = new_request(method, self._path(target) + suffix, json=body, if_match=etag)
        try:
            return object_of(self.KIND, await self._sender.send(request))
        except PreconditionFailed as error:
            change = await self._revision_by(request, target, error) if error.maybe_done else None
            after: M | None = change.after if change else None  # type: ignore[assignment]  # -- of the same kind
            if after is None:
                raise
            # It was this very request that changed the object, and its answer was lost.
            now = await self.get(target)
            return now if now.updated_at == after.updated_at else after

    async def _etag(self, target: Any, if_unchanged: bool) -> str | None:
        """The ETag that the object must still have; of an item of a list, once it is seen to be as it was."""
        if not if_unchanged:
            return None
        if not isinstance(target, self.KIND):
            raise TypeError(f"if_unchanged needs the {self.KIND.__name__} as it was read, rather than its id.")
        if target.etag is not None:
            return target.etag
        now = await self.get(target.id)
        if now.updated_at != target.updated_at:
            detail = "The object has changed since it was read, so nothing was changed."
            raise PreconditionFailed(412, "precondition_failed", "Precondition failed", detail, (), None, now.response)
        return now.etag

    async def _revision_by(self, request: Request, target: Any, error: GoatfishError) -> R | None:
        """The change that this request made although its answer was lost, or None where it made none.

        Raises ``ConnectionFailed`` where that cannot be seen.
        """
        try:
            page = await self.revisions(target, limit=100).page()
        except GoatfishError:
            raise ConnectionFailed(f"It is not known whether the request was carried out: {error}", True) from error
        for revision in page.items:
            if revision.request_id == request.headers["x-request-id"]:
                return revision
        return None

    def _path(self, id: Any) -> str:
        return f"{self.PATH}/{segment(id_text(id, self.KIND))}"
