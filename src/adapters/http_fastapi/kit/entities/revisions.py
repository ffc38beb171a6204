"""The revisions of objects over HTTP: the list of them, and restoring an earlier version."""

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Security
from pydantic import BaseModel, ConfigDict, Field, create_model
from starlette.requests import Request
from starlette.responses import Response

from adapters.http_fastapi.kit.authentication import authenticate
from adapters.http_fastapi.kit.cursors import Cursors
from adapters.http_fastapi.kit.entities.resource import Resource, annotate, resource_routes
from adapters.http_fastapi.kit.object_id import ObjectId
from adapters.http_fastapi.kit.openapi import BODY, WRITE, headers, refusals
from adapters.http_fastapi.kit.pagination import ListQuery, Pagination, with_cursors
from adapters.http_fastapi.kit.responses import object_response
from adapters.http_fastapi.kit.schemas import (
    ACTOR,
    CreateBody,
    Moment,
    View,
    id_field,
    moment_field,
    page_schema,
    public_actor,
    request_id_field,
    whole_number,
)
from adapters.http_fastapi.kit.writes import write_context
from domain.access.authentication import Caller
from domain.idempotency import IdempotentExecutor
from domain.repository import Precondition
from domain.revisions import Action, Revision
from domain.use_cases import EntityUseCases
from domain.write_context import WriteContext

_VERSION_MAX = 2**31 - 1


class RestoreBody(CreateBody):
    """The version of an object to restore."""

    version: Annotated[
        int,
        whole_number("version", "A version", 1, _VERSION_MAX),
        Field(
            description="the version of one of its revisions that is not a deletion",
            examples=[1],
            json_schema_extra={"minimum": 1, "maximum": _VERSION_MAX},
        ),
    ]


class RevisionView(BaseModel):
    """One change of an object: who made it, when, and the object before and after."""

    model_config = ConfigDict(extra="forbid")

    kind: str
    id: UUID = id_field("the object's id")
    version: int = Field(
        description="the object's version after the change; a deletion counts as a version too", examples=[2]
    )
    action: Action = Field(description="what the change did to the object", examples=["updated"])
    at: Moment = moment_field("when the change was made")
    actor: str = Field(description="who made the change: `key:` and the id of a key, or `operator`", examples=[ACTOR])
    request_id: str = request_id_field()


@cache
def revision_view(resource: Resource) -> type[RevisionView]:
    """The schema of a revision of this kind of object."""
    side: Any = resource.view | None
    members: dict[str, Any] = {
        "kind": (
            Literal[resource.entity.KIND],
            Field(description="what kind of object was changed", examples=[resource.entity.KIND]),
        ),
        "before": (side, Field(description="null if the object was created, or restored after a deletion")),
        "after": (side, Field(description="null if the object was deleted")),
    }
    name = f"{resource.entity.__name__}Revision"
    return create_model(name, __base__=RevisionView, __doc__=RevisionView.__doc__, **members)


def revision_content(revision: Revision[Any], view: type[View]) -> dict[str, Any]:
    """The JSON object of a revision, in which ``view`` represents the object that was changed."""
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
    resource: Resource, use_cases: EntityUseCases[Any], cursors: Cursors, idempotent: IdempotentExecutor
) -> APIRouter:
    """All routes of one resource, on these use cases."""
    routes = resource_routes(resource, use_cases, cursors, idempotent)
    add_revision_routes(routes, resource, use_cases, cursors)
    return routes


def add_revision_routes(
    routes: APIRouter, resource: Resource, use_cases: EntityUseCases[Any], cursors: Cursors
) -> None:
    """Adds the routes of the resource's revisions to its own."""
    kind, one, tags = resource.entity.KIND, resource.one, resource.tags
    Reader = Annotated[Caller, Security(authenticate, scopes=[resource.reads])]  # noqa: N806  # -- a type
    Writer = Annotated[Caller, Security(authenticate, scopes=[resource.writes])]  # noqa: N806  # -- as above
    refused = (f"{kind}_not_found", "revision_not_found", "already_exists", "precondition_failed")

    def shown(revisions: Sequence[Revision[Any]]) -> list[dict[str, Any]]:
        return [revision_content(each, resource.view) for each in revisions]

    @routes.get(
        "/{id}/revisions",
        name=f"list_{kind}_revisions",
        summary=f"List the revisions of {one}",
        response_model=page_schema(f"{resource.entity.__name__}Revision", revision_view(resource)),
        responses={
            200: headers("Link"),
            **refusals(f"{kind}_not_found", "missing_scope", "invalid_cursor"),
        },
    )
    @annotate(query=Annotated[with_cursors(ListQuery, cursors.open), Query()])
    async def list_revisions(request: Request, id: ObjectId, caller: Reader, query: ListQuery) -> Response:
        """Returns one page of the revisions of an object, newest first, even if the object has been deleted."""
        owner = caller.owner.id
        pages = Pagination(f"{resource.plural}/{id}/revisions", cursors)
        wanted = pages.request(owner, query)
        page = await use_cases.revisions(owner, id, wanted)
        return await pages.response(request, owner, wanted, page, shown)

    @routes.post(
        "/{id}/restore",
        name=f"restore_{kind}",
        summary=f"Restore {one}",
        response_model=resource.view,
        responses={
            200: headers("ETag"),
            **refusals(*refused, *resource.conflicts.restore, *WRITE, *BODY),
        },
    )
    async def restore(
        id: ObjectId,
        body: RestoreBody,
        caller: Writer,
        write_context: Annotated[WriteContext, Depends(write_context)],
        precondition: Annotated[Precondition, Depends(tags.precondition)],
    ) -> Response:
        """Restores an earlier version, as a new version. A deleted object is restored under its id.

        The version must fulfil today's rules, and the change to it must be an allowed transition.
        """
        restored = await use_cases.restore(caller.owner.id, id, write_context, precondition, version=body.version)
        return object_response(resource.view.of(restored), restored, tags)
