"""The operation over HTTP that creates many entities at once, all of them or none."""

from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Security
from pydantic import BaseModel, ConfigDict, Field, create_model
from starlette.responses import Response

from adapters.http_fastapi.kit.authentication import authenticate
from adapters.http_fastapi.kit.batch_body import BatchBody, batch_body
from adapters.http_fastapi.kit.conditional_requests import list_precondition
from adapters.http_fastapi.kit.entities.resource import Resource, annotate
from adapters.http_fastapi.kit.openapi import CREATE, headers, refusals
from adapters.http_fastapi.kit.responses import batch_response
from adapters.http_fastapi.kit.routes.route import LiteralRoute, router
from adapters.http_fastapi.kit.schemas import View
from adapters.http_fastapi.kit.writes import idempotent_write_context
from domain.access.authentication import Caller
from domain.idempotency import IdempotentExecutor
from domain.repository import Precondition
from domain.use_cases import EntityUseCases
from domain.write_context import WriteContext


class BatchView(BaseModel):
    """Objects that were created together, in the order of the items that were sent."""

    model_config = ConfigDict(extra="forbid")


def batch_routes(resource: Resource, use_cases: EntityUseCases[Any], idempotent: IdempotentExecutor) -> APIRouter:
    """The route of this resource, which comes before those that have an id in its place.

    The event loop is not held while a batch is read, validated, made, written and shown: each of these goes on item by
    item, and pauses every few milliseconds (``domain.turns``).
    """
    many, operation = resource.many, f"create_{resource.plural}"
    routes = router(resource.plural, f"/api/v1/{resource.plural}", LiteralRoute)
    Writer = Annotated[Caller, Security(authenticate, scopes=[resource.writes])]  # noqa: N806  # -- a type
    Creation = Annotated[WriteContext, Depends(idempotent_write_context(operation, many=True))]  # noqa: N806  # -- a type
    name = resource.entity.__name__
    body_type = batch_body(f"{name}Batch", resource.create, f"Many {many}, which are created together.")

    @routes.post(
        "/batch",
        name=operation,
        summary=f"Create many {many}",
        status_code=201,
        response_model=_created(name, resource.view),
        responses={
            201: headers("Idempotency-Replayed"),
            **refusals(*CREATE, *resource.conflicts.create),
        },
    )
    @annotate(body=body_type)
    async def create_many(
        body: BatchBody,
        caller: Writer,
        write_context: Creation,
        precondition: Annotated[Precondition, Depends(list_precondition)],
    ) -> Response:
        """Creates an object of each item, up to 1,000 in a body of at most 4 MiB: all of them, or none.

        What is wrong with an item has its place in the pointer, as in `#/items/3/name`. An `Idempotency-Key` holds for
        the whole.
        """
        owner = caller.owner.id
        made, replayed = await idempotent.create_many_once(
            owner,
            write_context,
            resource.entity,
            lambda: use_cases.create_many(owner, write_context, [item.fields() for item in body.items], precondition),
        )
        return await batch_response(made, resource.view.of, replayed=replayed)

    return routes


@cache
def _created(name: str, view: type[View]) -> type[BaseModel]:
    described = Field(description="what was created, in the order in which it was sent")
    items: Any = Annotated[list[view], described]  # type: ignore[valid-type]  # -- made at run time
    return create_model(f"{name}BatchView", __base__=BatchView, __doc__=BatchView.__doc__, items=(items, ...))
