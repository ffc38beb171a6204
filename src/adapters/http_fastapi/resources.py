"""The operations that every kind of owned object has over HTTP, written once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Security
from starlette.requests import Request
from starlette.responses import Response

from adapters.http_fastapi.caller import Door, cause, once
from adapters.http_fastapi.conditions import guard, has_already
from adapters.http_fastapi.cursors import Cursor, Cursors
from adapters.http_fastapi.lists import ListQuery, Lists
from adapters.http_fastapi.openapi import BODY, headers, links, refusals, unchanged
from adapters.http_fastapi.operation import Operation
from adapters.http_fastapi.problems import register_not_found
from adapters.http_fastapi.schemas import Sent, SentChanges, Shown, created, page_of, shown
from domain.access.key import Scope
from domain.access.use_cases import Caller
from domain.errors import ListTimeout
from domain.idempotency import Once
from domain.paging import Page, PageRequest
from domain.revisions import Revision
from domain.tenancy import Cause, E, Guard, Owned, OwnerId

F = TypeVar("F", bound=Callable[..., Any])


class UseCases(Protocol[E]):
    """What can be done with one owner's objects of a kind."""

    async def create(self, owner: OwnerId, cause: Cause, **fields: Any) -> E: ...
    async def get(self, owner: OwnerId, id: UUID) -> E: ...
    async def list(self, owner: OwnerId, request: PageRequest) -> Page[E]: ...
    async def update(self, owner: OwnerId, id: UUID, cause: Cause, guard: Guard = ..., **fields: Any) -> E: ...
    async def delete(self, owner: OwnerId, id: UUID, cause: Cause, guard: Guard = ...) -> None: ...
    async def revisions(self, owner: OwnerId, id: UUID, request: PageRequest) -> Page[Revision[E]]: ...
    async def restore(self, owner: OwnerId, id: UUID, cause: Cause, guard: Guard = ..., *, version: int) -> E: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A kind of owned object as clients see it: its name, its schemas, and the scopes that it takes."""

    entity: type[Owned]
    plural: str
    sent: type[Sent]
    changes: type[SentChanges]
    shown: type[Shown]
    query: type[ListQuery]
    reads: Scope
    writes: Scope


def taking(**annotations: Any) -> Callable[[F], F]:
    """Says which schemas an endpoint takes that is written for all kinds."""

    def annotated(endpoint: F) -> F:
        endpoint.__annotations__.update(annotations)
        return endpoint

    return annotated


def resource_routes(
    resource: Resource, use_cases: UseCases[Any], door: Door, cursors: Cursors, once_: Once
) -> APIRouter:
    """The routes of this resource, on these use cases."""
    kind, show = resource.entity.KIND, resource.shown.of
    register_not_found(kind)
    routes = APIRouter(
        prefix=f"/api/v1/{resource.plural}",
        tags=[resource.plural],
        route_class=Operation,
        generate_unique_id_function=lambda route: route.name,
    )
    lists = Lists(resource.plural, cursors)
    reads: Any = Security(door, scopes=[resource.reads])
    writes: Any = Security(door, scopes=[resource.writes])
    queried: Any = Query()
    place: Any = Depends(cursors.sent)
    because: Any = Depends(cause)
    because_once: Any = Depends(once(f"create_{kind}"))
    guarded: Any = Depends(guard)
    had: Any = Depends(has_already)
    page_shown = page_of(kind, resource.shown)
    refused = (f"{kind}_not_found", "precondition_failed", "missing_scope")
    then = links(reads=[f"get_{kind}"], writes=[f"{verb}_{kind}" for verb in ("replace", "update", "amend", "delete")])

    @routes.get(
        "",
        name=f"list_{resource.plural}",
        summary=f"List {resource.plural}",
        response_model=page_shown,
        responses={200: headers("Link"), **refusals("missing_scope", "invalid_cursor", "list_timeout")},
    )
    @taking(query=resource.query)
    async def list_(
        request: Request, caller: Caller = reads, cursor: Cursor | None = place, query: ListQuery = queried
    ) -> Response:
        """One page, newest first unless another order is asked for. Follow `next_cursor`, or the `Link` header."""
        owner = caller.owner.id
        wanted = lists.asked(owner, query, cursor)
        try:
            page = await use_cases.list(owner, wanted)
        except ListTimeout as error:
            raise lists.too_slow(query, error) from None
        return lists.answer(request, owner, wanted, page, resource.shown.each(page.items))

    @routes.post(
        "",
        name=f"create_{kind}",
        summary=f"Create a {kind}",
        status_code=201,
        response_model=resource.shown,
        responses={
            201: headers("ETag", "Location", "Idempotency-Replayed") | then,
            **refusals("missing_scope", "request_in_flight", "idempotency_key_reused", *BODY),
        },
    )
    @taking(body=resource.sent)
    async def create(request: Request, body: Sent, caller: Caller = writes, cause: Cause = because_once) -> Response:
        """Makes one. With an `Idempotency-Key` it is made once, however often the request is sent."""
        owner = caller.owner.id
        made, replayed = await once_.make(
            owner, cause, resource.entity, lambda: use_cases.create(owner, cause, **body.fields())
        )
        return created(request, show(made), made, replayed=replayed)

    @routes.get(
        "/{id}",
        name=f"get_{kind}",
        summary=f"Get a {kind}",
        response_model=resource.shown,
        responses={
            200: headers("ETag") | then,
            304: unchanged(),
            **refusals(f"{kind}_not_found", "missing_scope"),
        },
    )
    async def get(id: UUID, caller: Caller = reads, had: Sequence[str] = had) -> Response:
        """One object; 304 where `If-None-Match` names its tag."""
        found = await use_cases.get(caller.owner.id, id)
        return shown(show(found), found, had)

    written: dict[str, Any] = {
        "response_model": resource.shown,
        "responses": {200: headers("ETag") | then, **refusals(*refused, *BODY)},
    }

    @routes.put("/{id}", name=f"replace_{kind}", summary=f"Replace a {kind}", **written)
    @taking(body=resource.sent)
    async def replace(
        id: UUID, body: Sent, caller: Caller = writes, cause: Cause = because, guard: Guard = guarded
    ) -> Response:
        """Replaces everything that a client writes; every member is required. Never makes an object."""
        changed = await use_cases.update(caller.owner.id, id, cause, guard, **body.fields())
        return shown(show(changed), changed)

    async def update(
        id: UUID, body: SentChanges, caller: Caller = writes, cause: Cause = because, guard: Guard = guarded
    ) -> Response:
        """Changes only the members that are sent. PATCH and POST are the same."""
        changed = await use_cases.update(caller.owner.id, id, cause, guard, **body.fields())
        return shown(show(changed), changed)

    taking(body=resource.changes)(update)
    changes = {"schema": {"$ref": f"#/components/schemas/{resource.changes.__name__}"}}
    written["openapi_extra"] = {"requestBody": {"content": {"application/merge-patch+json": changes}}}
    routes.patch("/{id}", name=f"update_{kind}", summary=f"Update a {kind}", **written)(update)
    routes.post("/{id}", name=f"amend_{kind}", summary=f"Amend a {kind}", **written)(update)

    @routes.delete(
        "/{id}",
        name=f"delete_{kind}",
        summary=f"Delete a {kind}",
        status_code=204,
        responses=refusals(*refused),
    )
    async def delete(id: UUID, caller: Caller = writes, cause: Cause = because, guard: Guard = guarded) -> Response:
        """Deletes one; its revisions are kept, and bring it back."""
        await use_cases.delete(caller.owner.id, id, cause, guard)
        return Response(status_code=204)

    return routes
