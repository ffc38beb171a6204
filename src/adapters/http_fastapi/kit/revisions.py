"""What has become of objects, over HTTP: their revisions, bringing a version back, and the feed of all changes."""

from collections.abc import Collection, Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Security
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, create_model
from starlette.requests import Request
from starlette.responses import Response

from adapters.http_fastapi.kit.authentication import authenticate
from adapters.http_fastapi.kit.conditional_requests import EntityTags
from adapters.http_fastapi.kit.cursors import Cursor, Cursors
from adapters.http_fastapi.kit.entity_schemas import with_article
from adapters.http_fastapi.kit.object_id import ObjectId
from adapters.http_fastapi.kit.openapi import BODY, any_scope, headers, refusals
from adapters.http_fastapi.kit.pagination import (
    CURSOR_SCHEMA,
    LimitQuery,
    ListQuery,
    Pagination,
    no_cursor,
    with_cursors,
)
from adapters.http_fastapi.kit.resource import Resource, resource_routes, taking
from adapters.http_fastapi.kit.responses import json_response, object_response
from adapters.http_fastapi.kit.route import StrictRoute
from adapters.http_fastapi.kit.schemas import (
    CreateBody,
    Moment,
    View,
    page_of,
    public_actor,
    whole_number,
)
from adapters.http_fastapi.kit.writes import write_context
from domain.access.authentication import Caller
from domain.access.scopes import Scope
from domain.entity import title_of
from domain.errors import Denied
from domain.idempotency import IdempotentExecutor
from domain.paging import PageRequest, Position
from domain.repository import Precondition
from domain.revisions import Action, History, Revision
from domain.use_cases import EntityUseCases
from domain.write_context import WriteContext

LATEST = "latest"
VERSION_MAX = 2**31 - 1
_FEED = "changes"
_LAST_ID = UUID(int=2**128 - 1)


class RestoreBody(CreateBody):
    """Which version of an object is to come back."""

    version: Annotated[
        int,
        whole_number("version", "A version", 1, VERSION_MAX),
        Field(
            description="as its revisions name it; a deletion is none to come back to",
            examples=[1],
            json_schema_extra={"minimum": 1, "maximum": VERSION_MAX},
        ),
    ]


class RevisionView(BaseModel):
    """One change of an object: who made it, when, and the object before and after."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    id: UUID = Field(description="of the object")
    version: int = Field(description="the object's; a deletion counts as one more")
    action: Action
    at: Moment
    actor: str = Field(description="`key:` and the id of a key, or `operator`")
    request_id: str


def revision_of(resource: Resource) -> type[RevisionView]:
    """The schema of a revision of this kind of object."""
    side: Any = resource.view | None
    members: dict[str, Any] = {
        "kind": (Literal[resource.entity.KIND], ...),
        "before": (side, Field(description="null where it was created, or brought back")),
        "after": (side, Field(description="null where it was deleted")),
    }
    name = f"{resource.entity.__name__}Revision"
    return create_model(name, __base__=RevisionView, __doc__=RevisionView.__doc__, **members)


def show(revision: Revision[Any], view: type[View]) -> dict[str, Any]:
    """The members of a revision, whose object is shown like this."""
    return {
        "kind": revision.kind,
        "id": revision.entity_id,
        "version": revision.version,
        "action": revision.action,
        "at": revision.created_at,
        "actor": public_actor(revision.actor),
        "request_id": revision.request_id,
        "before": revision.before and view.of(revision.before),
        "after": revision.after and view.of(revision.after),
    }


def entity_routes(
    resource: Resource, use_cases: EntityUseCases[Any], cursors: Cursors, once: IdempotentExecutor
) -> APIRouter:
    """All routes of one resource, on these use cases."""
    routes = resource_routes(resource, use_cases, cursors, once)
    add_revision_routes(routes, resource, use_cases, cursors)
    return routes


def add_revision_routes(
    routes: APIRouter, resource: Resource, use_cases: EntityUseCases[Any], cursors: Cursors
) -> None:
    """Adds the routes of the resource's revisions to its own."""
    kind, one = resource.entity.KIND, with_article(title_of(resource.entity))
    tags = EntityTags(resource.view)
    Reader = Annotated[Caller, Security(authenticate, scopes=[resource.reads])]  # noqa: N806  # -- a type
    Writer = Annotated[Caller, Security(authenticate, scopes=[resource.writes])]  # noqa: N806  # -- as above
    refused = (f"{kind}_not_found", "revision_not_found", "already_exists", "precondition_failed")

    @routes.get(
        "/{id}/revisions",
        name=f"list_{kind}_revisions",
        summary=f"List the revisions of {one}",
        response_model=page_of(f"{resource.entity.__name__}Revision", revision_of(resource)),
        responses={
            200: headers("Link"),
            **refusals(f"{kind}_not_found", "missing_scope", "invalid_cursor"),
        },
    )
    @taking(query=Annotated[with_cursors(ListQuery, cursors.open), Query()])
    async def list_revisions(request: Request, id: ObjectId, caller: Reader, query: ListQuery) -> Response:
        """What has become of one object, also of a deleted one, the latest change first."""
        owner = caller.owner.id
        pages = Pagination(f"{resource.plural}/{id}/revisions", cursors)
        wanted = pages.request(owner, query)
        page = await use_cases.revisions(owner, id, wanted)
        return pages.response(request, owner, wanted, page, [show(each, resource.view) for each in page.items])

    @routes.post(
        "/{id}/restore",
        name=f"restore_{kind}",
        summary=f"Restore {one}",
        response_model=resource.view,
        responses={
            200: headers("ETag"),
            **refusals(*refused, *resource.conflicts.restore, "missing_scope", *BODY),
        },
    )
    async def restore(
        id: ObjectId,
        body: RestoreBody,
        caller: Writer,
        write_context: Annotated[WriteContext, Depends(write_context)],
        precondition: Annotated[Precondition, Depends(tags.precondition)],
    ) -> Response:
        """Brings an earlier version back, as a new one; a deleted object comes back under its id.

        What could not be made today is not restored.
        """
        restored = await use_cases.restore(caller.owner.id, id, write_context, precondition, version=body.version)
        return object_response(resource.view.of(restored), restored, tags)


class ChangesQuery(LimitQuery):
    """What can be asked of the feed."""

    CURSOR: ClassVar[str | None] = "after"
    after: Annotated[
        Cursor | Literal["latest"] | None,
        PlainValidator(no_cursor),
        CURSOR_SCHEMA,
        Field(
            description="`next_cursor` of the answer before; `latest` for the end of the feed as it is now; left out, "
            "the first change that is kept"
        ),
    ] = None


class ChangesView(BaseModel):
    """Some changes, in the order in which they were made."""

    model_config = ConfigDict(extra="forbid")

    next_cursor: str = Field(description="where to go on, now or later")
    has_more: bool = Field(description="whether there is more at once")


def readable_kinds(resources: Sequence[Resource], scopes: Collection[Scope]) -> frozenset[str]:
    """The kinds that a key with these scopes may read. Raises ``Denied`` where there are none."""
    kinds = frozenset(resource.entity.KIND for resource in resources if resource.reads in scopes)
    if not kinds:
        wanted = " or ".join(resource.reads for resource in resources)
        raise Denied("missing_scope", f"The key lacks the scope {wanted}.")
    return kinds


def change_routes(resources: Sequence[Resource], history: History, cursors: Cursors) -> APIRouter:
    """The feed of the changes of these kinds of objects."""
    routes = APIRouter(
        prefix="/api/v1",
        tags=["changes"],
        route_class=StrictRoute,
        generate_unique_id_function=lambda route: route.name,
    )

    async def readable(caller: Annotated[Caller, Security(authenticate)]) -> frozenset[str]:
        """The kinds that the key may read. Raises ``Denied`` where there are none."""
        return readable_kinds(resources, caller.key.scopes)

    def opened(text: str) -> Cursor | str:
        return LATEST if text == LATEST else cursors.open(text)

    kinds = {resource.entity.KIND: resource.view for resource in resources}
    changed: Any = list[reduce(or_, map(revision_of, resources))]  # type: ignore[misc]  # -- made at run time
    changes = create_model("Changes", __base__=ChangesView, __doc__=ChangesView.__doc__, items=(changed, ...))

    @routes.get(
        "/changes",
        summary="Follow the changes",
        response_model=changes,
        responses=refusals("missing_scope", "invalid_cursor", "changes_forgotten"),
        openapi_extra=any_scope(*(resource.reads for resource in resources)),
    )
    @taking(query=Annotated[with_cursors(ChangesQuery, opened), Query()])
    async def list_changes(
        caller: Annotated[Caller, Security(authenticate)],
        readable: Annotated[frozenset[str], Depends(readable)],
        query: ChangesQuery,
    ) -> Response:
        """The changes of the owner's objects in the order of their commits; whoever follows it misses none.

        Of all kinds that the key may read, and it takes the scope to read one of them. A cursor holds for every key
        of the owner, whatever its scopes.

        To stay in step: ask with `after=latest` and keep its cursor, read the lists, then follow from that cursor and
        put each change over what the lists gave, in this order. Some of it the lists have already, so an object may go
        back for a while; whoever has come to the end of the feed has what is stored. An answer may hold fewer than
        asked for, or none, and still have more behind it.
        """
        owner = caller.owner.id
        if isinstance(query.after, str):
            return answer([], Position(await history.last(owner), _LAST_ID), caller, more=False)
        after = cursors.position(query.after, owner, _FEED)
        page = await history.changes(owner, PageRequest(limit=query.limit, after=after))
        # Owners and keys change too, and are not shown.
        items = [show(each, kinds[each.kind]) for each in page.items if each.kind in readable]
        last = page.items[-1] if page.items else None
        end = after or Position(0, _LAST_ID)
        return answer(items, Position(last.number, last.id) if last else end, caller, more=page.next is not None)

    def answer(items: list[dict[str, Any]], end: Position, caller: Caller, *, more: bool) -> Response:
        next_cursor = cursors.seal(end, caller.owner.id, _FEED)
        return json_response({"items": items, "next_cursor": next_cursor, "has_more": more})

    return routes
