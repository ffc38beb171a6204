"""Schemas of webhooks and of deliveries to them: what clients send, and what they are shown."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, create_model

from adapters.http_fastapi.kit.entities.entity_schemas import create_body, patch_body, view
from adapters.http_fastapi.kit.object_id import ReadId
from adapters.http_fastapi.kit.schemas import CreateBody, Moment, View, id_field, moment_field, whole_number
from domain.webhooks.delivery import DeliveryCause
from domain.webhooks.secrets import SECRET_PATTERN
from domain.webhooks.webhook import DisabledReason, Webhook

_SECRET_EXAMPLE = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 -- the example of Standard Webhooks
_SECRET: Any = Field(
    description="signs the messages: `whsec_` and the base64 of 24 to 64 bytes; null or left out: one is generated",
    examples=[_SECRET_EXAMPLE],
    json_schema_extra={"writeOnly": True, "pattern": f"^({SECRET_PATTERN})$"},
)
_OVERLAP_MAX = int(Webhook.OVERLAP_MAX.total_seconds())


def _create() -> type[CreateBody]:
    """The body that creates a webhook: an entity's, and its secret."""
    return create_model(
        "WebhookCreate",
        __base__=create_body(Webhook),
        __doc__="All members of a webhook that clients write.",
        secret=(Annotated[str | None, _SECRET], None),
    )


WebhookCreate = _create()
WebhookPatch = patch_body(Webhook)


class WebhookRoll(CreateBody):
    """How the secret of a webhook is replaced."""

    secret: Annotated[str | None, _SECRET] = None
    overlap_seconds: Annotated[
        int,
        whole_number("overlap", "An overlap in seconds", 0, _OVERLAP_MAX),
        Field(
            description="for how many seconds messages are signed with the previous secret as well",
            examples=[3600],
            json_schema_extra={"minimum": 0, "maximum": _OVERLAP_MAX},
        ),
    ] = 24 * 60 * 60


def _view() -> type[View]:
    """The representation of a webhook: an entity's, and what the service sets."""
    return create_model(
        "Webhook",
        __base__=view(Webhook),
        __doc__="A webhook, without its secret.",
        disabled_reason=(
            DisabledReason | None,
            Field(
                description="why the service has disabled it: the endpoint answered 410 (`gone`), or has accepted "
                "nothing for three days (`failing`); the next changes are kept no longer; or the secret cannot be "
                "decrypted, and has to be rolled. Null if the service has not",
                examples=[None],
            ),
        ),
        previous_secret_until=(
            Moment | None,
            moment_field("until when messages are signed with the previous secret as well; null if there is none"),
        ),
    )


WebhookView = _view()


def _view_with_secret() -> type[View]:
    """The same with a new secret."""
    return create_model(
        "WebhookWithSecret",
        __base__=WebhookView,
        __doc__="A webhook with a new secret.",
        secret=(
            str | None,
            Field(
                description="the whole secret, shown only in this answer; null in the answer to a repeated request",
                examples=[None],
            ),
        ),
    )


WebhookWithSecret = _view_with_secret()


class DeliveryView(View):
    """One attempt to deliver a message."""

    id: UUID = id_field("made by the service, and never changed")
    message_id: str = Field(
        description="`webhook-id` of the message, the same each time it is sent",
        examples=["msg_0199f3c27a1070008000000000000001"],
    )
    type: str = Field(description="what happened: the kind of object and the action", examples=["run.updated"])
    cause: DeliveryCause = Field(description="why it was sent", examples=["change"])
    attempt: int = Field(description="number of the attempt, from 1; always 1 for one that was requested", examples=[1])
    created_at: Moment = moment_field("when it was sent")
    status_code: int | None = Field(description="status of the answer; null if there was none", examples=[204])
    duration_ms: int = Field(description="how long it took, in milliseconds", examples=[38])
    answer: str = Field(description="the beginning of the answer", examples=[""])
    error: str | None = Field(description="why there was no answer; null if there was one", examples=[None])
    delivered: bool = Field(
        description="whether the endpoint accepted the message, by a status of 2xx", examples=[True]
    )
    next_attempt_at: Moment | None = moment_field("when it is tried again; null if it is not")


class DeliveryRequest(CreateBody):
    """What to deliver once more."""

    repeat: Annotated[
        ReadId | None,
        Field(
            description="the id of an earlier delivery, whose message is sent again; null or left out: a ping is sent",
            examples=[None],
        ),
    ] = None
