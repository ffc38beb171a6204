"""Webhooks over HTTP, and the deliveries to them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Security
from starlette.requests import Request
from starlette.responses import Response

from adapters.http_fastapi.kit.authentication import authenticate
from adapters.http_fastapi.kit.conditional_requests import EntityTags, list_precondition
from adapters.http_fastapi.kit.cursors import Cursors
from adapters.http_fastapi.kit.entities.resource import annotate
from adapters.http_fastapi.kit.object_id import ObjectId
from adapters.http_fastapi.kit.openapi import BODY, CREATE, WRITE, headers, links, refusals, unchanged
from adapters.http_fastapi.kit.pagination import ListQuery, Pagination, with_cursors
from adapters.http_fastapi.kit.problem_types import register_not_found
from adapters.http_fastapi.kit.responses import created_response, object_response
from adapters.http_fastapi.kit.routes.route import router
from adapters.http_fastapi.kit.schemas import CreateBody, PatchBody, page_schema
from adapters.http_fastapi.kit.writes import idempotent_write_context, write_context
from adapters.http_fastapi.resources.webhook_schemas import (
    DeliveryRequest,
    DeliveryView,
    WebhookCreate,
    WebhookPatch,
    WebhookRoll,
    WebhookView,
    WebhookWithSecret,
)
from domain.access.authentication import Caller
from domain.access.scopes import Scope
from domain.idempotency import IdempotentExecutor
from domain.repository import Precondition
from domain.webhooks.use_cases import Webhooks
from domain.webhooks.webhook import Webhook
from domain.write_context import WriteContext

register_not_found(Webhook.KIND)
_TAGS = EntityTags(WebhookView)
_LINKS = links(reads=["get_webhook"], writes=["update_webhook", "roll_webhook", "delete_webhook"])
Manager = Annotated[Caller, Security(authenticate, scopes=[Scope.WEBHOOKS_MANAGE])]
"""A caller whose key may manage webhooks."""
Condition = Annotated[Precondition, Depends(_TAGS.precondition)]
Write = Annotated[WriteContext, Depends(write_context)]


def webhook_routes(webhooks: Webhooks, cursors: Cursors, idempotent: IdempotentExecutor) -> APIRouter:
    """The routes of webhooks, on these use cases."""
    routes = router("webhooks", "/api/v1/webhooks")
    _add_reads(routes, webhooks, cursors)
    _add_creation(routes, webhooks, idempotent)
    _add_changes(routes, webhooks)
    _add_deliveries(routes, webhooks, cursors)
    return routes


def _add_reads(routes: APIRouter, webhooks: Webhooks, cursors: Cursors) -> None:
    pages = Pagination("webhooks", cursors)

    @routes.get(
        "",
        summary="List webhooks",
        response_model=page_schema("webhook", WebhookView),
        responses={200: headers("Link"), **refusals("missing_scope", "invalid_cursor")},
    )
    @annotate(query=Annotated[with_cursors(ListQuery, cursors.open), Query()])
    async def list_webhooks(request: Request, caller: Manager, query: ListQuery) -> Response:
        """Returns one page of the owner's webhooks, newest first."""
        owner = caller.owner.id
        wanted = pages.request(owner, query)
        page = await webhooks.list(owner, wanted)
        return await pages.response(request, owner, wanted, page, WebhookView.each)

    @routes.get(
        "/{id}",
        summary="Get a webhook",
        response_model=WebhookView,
        responses={200: headers("ETag") | _LINKS, 304: unchanged(), **refusals("webhook_not_found", "missing_scope")},
    )
    async def get_webhook(
        id: ObjectId, caller: Manager, known: Annotated[Sequence[str], Depends(_TAGS.known)]
    ) -> Response:
        """Returns one webhook, or 304 if `If-None-Match` contains its current `ETag`."""
        found = await webhooks.get(caller.owner.id, id)
        return object_response(WebhookView.of(found), found, _TAGS, known)


def _add_creation(routes: APIRouter, webhooks: Webhooks, idempotent: IdempotentExecutor) -> None:
    @routes.post(
        "",
        summary="Create a webhook",
        status_code=201,
        response_model=WebhookWithSecret,
        responses={
            201: headers("ETag", "Location", "Idempotency-Replayed", secret=True) | _LINKS,
            **refusals("too_many_webhooks", *CREATE),
        },
    )
    @annotate(body=WebhookCreate)
    async def create_webhook(
        request: Request,
        body: CreateBody,
        caller: Manager,
        write_context: Annotated[WriteContext, Depends(idempotent_write_context("create_webhook"))],
        precondition: Annotated[Precondition, Depends(list_precondition)],
    ) -> Response:
        """Creates a webhook, to which every change from now on is sent, in the order of the commits.

        The key in use must be allowed to read the kinds of objects whose changes are sent. Only this answer contains
        the secret, and only once: the answer to a repeated request has null in its place.
        """
        owner = caller.owner.id
        made, secret = await idempotent.create_with_secret(
            owner,
            write_context,
            Webhook,
            lambda: webhooks.create(owner, write_context, precondition, scopes=caller.key.scopes, **body.fields()),
        )
        replayed = secret is None
        return created_response(request, _with_secret(made, secret), made, _TAGS, replayed=replayed, stored=False)


def _with_secret(webhook: Webhook, secret: str | None) -> dict[str, Any]:
    return {**msgspec.structs.asdict(WebhookView.of(webhook)), "secret": secret}


def _add_changes(routes: APIRouter, webhooks: Webhooks) -> None:
    refused = ("webhook_not_found", "precondition_failed", *WRITE)

    @routes.patch(
        "/{id}",
        summary="Update a webhook",
        response_model=WebhookView,
        responses={200: headers("ETag") | _LINKS, **refusals(*refused, *BODY)},
    )
    @annotate(body=WebhookPatch)
    async def update_webhook(
        id: ObjectId, body: PatchBody, caller: Manager, write_context: Write, precondition: Condition
    ) -> Response:
        """Changes only the members that are sent. What could not be delivered so far is tried again at once.

        A webhook that is enabled again goes on with the changes that it has not been sent, as far as they are kept.
        """
        changed = await webhooks.update(
            caller.owner.id, id, write_context, precondition, scopes=caller.key.scopes, **body.fields()
        )
        return object_response(WebhookView.of(changed), changed, _TAGS)

    @routes.post(
        "/{id}/roll",
        summary="Roll the secret of a webhook",
        response_model=WebhookWithSecret,
        responses={200: headers("ETag", secret=True) | _LINKS, **refusals(*refused, *BODY)},
    )
    async def roll_webhook(
        id: ObjectId, body: WebhookRoll, caller: Manager, write_context: Write, precondition: Condition
    ) -> Response:
        """Gives the webhook another secret, which only this answer contains.

        Until the overlap ends, messages are signed with the previous secret as well. To make a retry safe, send
        `If-Match`, or a secret of your own: sending the present one again changes nothing.
        """
        changed, text = await webhooks.roll(
            caller.owner.id,
            id,
            write_context,
            precondition,
            overlap=timedelta(seconds=body.overlap_seconds),
            secret=body.secret,
        )
        return object_response(_with_secret(changed, text), changed, _TAGS, stored=False)

    @routes.delete("/{id}", summary="Delete a webhook", status_code=204, responses=refusals(*refused))
    async def delete_webhook(id: ObjectId, caller: Manager, write_context: Write, precondition: Condition) -> Response:
        """Deletes a webhook. What it has not been sent yet is not sent."""
        await webhooks.delete(caller.owner.id, id, write_context, precondition)
        return Response(status_code=204)


def _add_deliveries(routes: APIRouter, webhooks: Webhooks, cursors: Cursors) -> None:
    @routes.get(
        "/{id}/deliveries",
        summary="List the deliveries to a webhook",
        response_model=page_schema("webhookDelivery", DeliveryView),
        responses={200: headers("Link"), **refusals("webhook_not_found", "missing_scope", "invalid_cursor")},
    )
    @annotate(query=Annotated[with_cursors(ListQuery, cursors.open), Query()])
    async def list_webhook_deliveries(request: Request, id: ObjectId, caller: Manager, query: ListQuery) -> Response:
        """Returns one page of the attempts to deliver messages to a webhook, newest first. They are kept for 30 days.

        They appear about a second after the attempt.
        """
        owner = caller.owner.id
        pages = Pagination(f"webhooks/{id}/deliveries", cursors)
        wanted = pages.request(owner, query)
        page = await webhooks.attempts(owner, id, wanted)
        return await pages.response(request, owner, wanted, page, DeliveryView.each)

    @routes.post(
        "/{id}/deliveries",
        summary="Request a delivery to a webhook",
        status_code=202,
        response_class=Response,
        responses=refusals("webhook_not_found", "delivery_requested", *WRITE, *BODY),
    )
    async def request_webhook_delivery(id: ObjectId, body: DeliveryRequest, caller: Manager) -> Response:
        """Has the message of an earlier delivery sent once more, or a ping; soon, and also to a disabled webhook.

        The list of deliveries then shows what became of it. A message whose change is kept no longer is not sent.
        """
        await webhooks.request(caller.owner.id, id, body.repeat)
        return Response(status_code=202)
