"""The feed of changes over HTTP: the revisions of all entities, in the order of their commits."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query, Security
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, create_model
from starlette.responses import Response

from adapters.http_fastapi.kit.authentication import authenticate
from adapters.http_fastapi.kit.cursors import Cursor, Cursors
from adapters.http_fastapi.kit.entities.entity_schemas import view
from adapters.http_fastapi.kit.entities.resource import Resource, annotate
from adapters.http_fastapi.kit.entities.revisions import revision_content, revision_view
from adapters.http_fastapi.kit.openapi import any_scope, refusals
from adapters.http_fastapi.kit.pagination import CURSOR_SCHEMA, LimitQuery, no_cursor, with_cursors
from adapters.http_fastapi.kit.responses import encoded_items, json_response
from adapters.http_fastapi.kit.routes.route import router
from adapters.http_fastapi.kit.schemas import CURSOR
from domain.access.authentication import Caller
from domain.errors import Denied
from domain.history import History
from domain.paging import PageRequest, Position
from domain.repository import Owned
from domain.revisions import Revision

_LATEST = "latest"
_FEED = "changes"
_LAST_ID = UUID(int=2**128 - 1)
_START = Position(0, _LAST_ID)


class ChangesQuery(LimitQuery):
    """The query of the feed."""

    CURSOR: ClassVar[str | None] = "after"
    after: Annotated[
        Cursor | Literal["latest"] | None,
        PlainValidator(no_cursor),
        CURSOR_SCHEMA,
        Field(
            description="`next_cursor` of the previous answer; `latest` for the present end of the feed; left out: "
            "from the first change that is kept"
        ),
    ] = None


class ChangePageView(BaseModel):
    """One page of the feed: some changes, in the order of their commits."""

    model_config = ConfigDict(extra="forbid")

    next_cursor: str = Field(description="for the next request, now or later", examples=[CURSOR])
    has_more: bool = Field(description="whether there are more changes now", examples=[False])


def shown_changes(entities: Iterable[type[Owned]]) -> Callable[[Revision[Any]], dict[str, Any]]:
    """What makes of a change of one of these entities the JSON object that the feed shows."""
    views = {entity.KIND: view(entity) for entity in entities}
    return lambda revision: revision_content(revision, views[revision.kind])


def change_routes(resources: Sequence[Resource], history: History, cursors: Cursors) -> APIRouter:
    """The routes of the feed, which shows the changes of these resources."""
    routes = router("changes")
    show = shown_changes([resource.entity for resource in resources])

    def opened(text: str) -> Cursor | str:
        return _LATEST if text == _LATEST else cursors.open(text)

    @routes.get(
        "/changes",
        summary="Follow the changes",
        response_model=_page_of(resources),
        responses=refusals("missing_scope", "invalid_cursor", "changes_forgotten"),
        openapi_extra=any_scope(*(resource.reads for resource in resources)),
    )
    @annotate(query=Annotated[with_cursors(ChangesQuery, opened), Query()])
    async def list_changes(
        caller: Annotated[Caller, Security(authenticate)],
        kinds: Annotated[frozenset[str], Depends(_readable_kinds(resources))],
        query: ChangesQuery,
    ) -> Response:
        """Returns changes of the owner's objects in the order of their commits. Whoever follows the feed misses none.

        The feed contains the changes of all kinds of objects that the key may read, and the key must be allowed to read
        one of them. A cursor is valid for every key of the owner, whatever its scopes.

        To keep a copy up to date: request `after=latest` and keep its cursor, read the lists, then follow the feed from
        that cursor and apply each change to the copy, in this order. The lists contain some of these changes already,
        so an object in the copy may return to an earlier version for a while; at the end of the feed the copy equals
        what is stored. An answer may contain fewer changes than `limit`, even none, and still have `has_more`.
        """
        owner = caller.owner.id
        if isinstance(query.after, str):
            return response(msgspec.Raw(b"[]"), Position(await history.last(owner), _LAST_ID), caller, more=False)
        after = cursors.position(query.after, owner, _FEED)
        page = await history.changes(owner, PageRequest(limit=query.limit, after=after))
        # Owners and keys change too, and are not shown.
        visible = [each for each in page.items if each.kind in kinds]
        items = await encoded_items(lambda some: [*map(show, some)], visible)
        last = page.items[-1] if page.items else None
        end = Position(last.number, last.id) if last else after or _START
        return response(items, end, caller, more=page.next is not None)

    def response(items: msgspec.Raw, end: Position, caller: Caller, *, more: bool) -> Response:
        next_cursor = cursors.seal(end, caller.owner.id, _FEED)
        return json_response({"items": items, "next_cursor": next_cursor, "has_more": more})

    return routes


def _page_of(resources: Sequence[Resource]) -> type[BaseModel]:
    change: Any = reduce(or_, map(revision_view, resources))
    items: Any = (list[change], Field(description="the changes, the oldest first"))
    return create_model("ChangePage", __base__=ChangePageView, __doc__=ChangePageView.__doc__, items=items)


def _readable_kinds(resources: Sequence[Resource]) -> Callable[..., Awaitable[frozenset[str]]]:
    """A dependency: the kinds that the key may read. Raises ``Denied`` where there are none."""

    async def readable_kinds(caller: Annotated[Caller, Security(authenticate)]) -> frozenset[str]:
        kinds = frozenset(resource.entity.KIND for resource in resources if resource.reads in caller.key.scopes)
        if not kinds:
            wanted = " or ".join(resource.reads for resource in resources)
            raise Denied("missing_scope", f"The key lacks the scope {wanted}.")
        return kinds

    return readable_kinds
