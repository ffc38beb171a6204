"""What has become of objects, over HTTP: their revisions, bringing a version back, and the feed of all changes."""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Security
from pydantic import BaseModel, ConfigDict, Field, create_model
from starlette.requests import Request
from starlette.responses import Response

from adapters.http_fastapi.caller import Door, cause
from adapters.http_fastapi.conditions import guard
from adapters.http_fastapi.cursors import Cursor, Cursors
from adapters.http_fastapi.exchange import KEY, Exchange
from adapters.http_fastapi.lists import Limit, ListQuery, Lists
from adapters.http_fastapi.openapi import BODY, headers, refusals
from adapters.http_fastapi.operation import Operation
from adapters.http_fastapi.resources import Resource, UseCases
from adapters.http_fastapi.schemas import Moment, Sent, Shown, json_answer, page_of, shown, told, whole_number
from domain.access.use_cases import Caller
from domain.paging import PageRequest, Position
from domain.revisions import Action, History, Revision
from domain.tenancy import Cause, Guard

LATEST = "latest"
VERSION_MAX = 2**31 - 1
_FEED = "changes"
_LAST_ID = UUID(int=2**128 - 1)


class RestoreSent(Sent):
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


class RevisionShown(BaseModel):
    """One change of an object: who made it, when, and the object before and after."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    id: UUID = Field(description="of the object")
    version: int = Field(description="the object's; a deletion counts as one more")
    action: Action
    at: Moment
    actor: str = Field(description="`key:` and the id of a key, or `operator`")
    request_id: str


def revision_of(resource: Resource) -> type[RevisionShown]:
    """The schema of a revision of this kind of object."""
    side: Any = resource.shown | None
    members: dict[str, Any] = {
        "kind": (Literal[resource.entity.KIND], ...),
        "before": (side, Field(description="null where it was created, or brought back")),
        "after": (side, Field(description="null where it was deleted")),
    }
    name = f"{resource.entity.KIND.capitalize()}Revision"
    return create_model(name, __base__=RevisionShown, __doc__=RevisionShown.__doc__, **members)


def show(revision: Revision[Any], shown: type[Shown]) -> dict[str, Any]:
    """The members of a revision, whose object is shown like this."""
    return {
        "kind": revision.kind,
        "id": revision.entity_id,
        "version": revision.version,
        "action": revision.action,
        "at": revision.created_at,
        "actor": told(revision.actor),
        "request_id": revision.request_id,
        "before": revision.before and shown.of(revision.before),
        "after": revision.after and shown.of(revision.after),
    }


def add_revision_routes(
    routes: APIRouter, resource: Resource, use_cases: UseCases[Any], door: Door, cursors: Cursors
) -> None:
    """Adds the routes of the resource's revisions to its own."""
    kind = resource.entity.KIND
    reads: Any = Security(door, scopes=[resource.reads])
    writes: Any = Security(door, scopes=[resource.writes])
    queried: Any = Query()
    place: Any = Depends(cursors.sent)
    because: Any = Depends(cause)
    guarded: Any = Depends(guard)
    refused = (f"{kind}_not_found", "revision_not_found", "already_exists", "precondition_failed")

    @routes.get(
        "/{id}/revisions",
        name=f"list_{kind}_revisions",
        summary=f"List the revisions of a {kind}",
        response_model=page_of(f"{kind}Revision", revision_of(resource)),
        responses={
            200: headers("Link"),
            **refusals(f"{kind}_not_found", "missing_scope", "invalid_cursor"),
        },
    )
    async def list_revisions(
        request: Request, id: UUID, caller: Caller = reads, cursor: Cursor | None = place, query: ListQuery = queried
    ) -> Response:
        """What has become of one object, also of a deleted one, the latest change first."""
        owner = caller.owner.id
        lists = Lists(f"{resource.plural}/{id}/revisions", cursors)
        wanted = lists.asked(owner, query, cursor)
        page = await use_cases.revisions(owner, id, wanted)
        return lists.answer(request, owner, wanted, page, [show(each, resource.shown) for each in page.items])

    @routes.post(
        "/{id}/restore",
        name=f"restore_{kind}",
        summary=f"Restore a {kind}",
        response_model=resource.shown,
        responses={
            200: headers("ETag"),
            **refusals(*refused, "missing_scope", *BODY),
        },
    )
    async def restore(
        id: UUID, body: RestoreSent, caller: Caller = writes, cause: Cause = because, guard: Guard = guarded
    ) -> Response:
        """Brings an earlier version back, as a new one; a deleted object comes back under its id.

        What could not be made today is not restored.
        """
        restored = await use_cases.restore(caller.owner.id, id, cause, guard, version=body.version)
        return shown(resource.shown.of(restored), restored)


class ChangesQuery(Limit):
    """What can be asked of the feed."""

    after: Annotated[
        str | None,
        Field(
            description="`next_cursor` of the answer before; `latest` for the end of the feed as it is now; left out, "
            "the first change that is kept",
            json_schema_extra={"minLength": 1, "pattern": "^[A-Za-z0-9_-]+$"},
        ),
    ] = None


class ChangesShown(BaseModel):
    """Some changes, in the order in which they were made."""

    model_config = ConfigDict(extra="forbid")

    next_cursor: str = Field(description="where to go on, now or later")
    has_more: bool = Field(description="whether there is more at once")


def change_routes(resources: Sequence[Resource], history: History, door: Door, cursors: Cursors) -> APIRouter:
    """The feed of the changes of these kinds of objects."""
    routes = APIRouter(
        prefix="/api/v1", tags=["changes"], route_class=Operation, generate_unique_id_function=lambda route: route.name
    )
    reads: Any = Security(door, scopes=[resource.reads for resource in resources])
    queried: Any = Query()

    def sent(request: Request) -> Cursor | None:
        exchange: Exchange = request.scope[KEY]
        return None if exchange.asked("after") == [LATEST] else cursors.named("after", request)

    place: Any = Depends(sent)
    kinds = {resource.entity.KIND: resource.shown for resource in resources}
    changed: Any = list[reduce(or_, map(revision_of, resources))]  # type: ignore[misc]  # -- made at run time
    changes = create_model("Changes", __base__=ChangesShown, __doc__=ChangesShown.__doc__, items=(changed, ...))

    @routes.get(
        "/changes",
        summary="Follow the changes",
        response_model=changes,
        responses=refusals("missing_scope", "invalid_cursor", "changes_forgotten"),
    )
    async def list_changes(
        caller: Caller = reads, cursor: Cursor | None = place, query: ChangesQuery = queried
    ) -> Response:
        """The changes of the owner's objects in the order of their commits; whoever follows it misses none.

        To stay in step: ask with `after=latest` and keep its cursor, read the lists, then follow from that cursor and
        put each change over what the lists gave, in this order. Some of it the lists have already, so an object may go
        back for a while; whoever has come to the end of the feed has what is stored. An answer may hold fewer than
        asked for, or none, and still have more behind it.
        """
        owner = caller.owner.id
        after = cursors.position(cursor, owner, _FEED)
        if query.after == LATEST:
            return answer([], Position(await history.last(owner), _LAST_ID), caller, more=False)
        page = await history.changes(owner, PageRequest(limit=query.limit, after=after))
        # Owners and keys change too, and are not shown.
        items = [show(each, kinds[each.kind]) for each in page.items if each.kind in kinds]
        last = page.items[-1] if page.items else None
        end = after or Position(0, _LAST_ID)
        return answer(items, Position(last.number, last.id) if last else end, caller, more=page.next is not None)

    def answer(items: list[dict[str, Any]], end: Position, caller: Caller, *, more: bool) -> Response:
        next_cursor = cursors.seal(end, caller.owner.id, _FEED)
        return json_answer({"items": items, "next_cursor": next_cursor, "has_more": more})

    return routes
