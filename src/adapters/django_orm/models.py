"""The tables. Tenant tables are ready to be sharded by owner; owners and keys are the directory that finds the shard.

On a tenant table the primary key is the id and the owner, or the owner alone; every other index or unique constraint
leads with ``owner_id``; there is no sequence, and a foreign key only within an owner. Django knows the id as the
primary key: the owner comes to it by ``ProtectTenants`` on PostgreSQL, and by our SQLite backend.
"""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models

from adapters.django_orm.columns import ChoiceField, JsonField, JsonTextField, ScopesField, SealedField
from adapters.django_orm.entity_models import TenantRow, entity_model
from domain.access.api_key import ApiKey
from domain.access.owner import Owner
from domain.runs.run import Run
from domain.simulations.simulation import Simulation
from domain.webhooks.delivery import Delivery, DeliveryCause
from domain.webhooks.webhook import DisabledReason
from domain.write_context import WriteContext


class Operator(AbstractUser):
    """Somebody who runs the service and signs in to the admin; no tenant."""

    class Meta:
        verbose_name = "operator"
        verbose_name_plural = "operators"


class OwnerRow(models.Model):
    """A tenant."""

    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=Owner.NAME_MAX, unique=True)
    created_at = models.DateTimeField()
    deactivated_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField()

    class Meta:
        db_table = "owner"
        verbose_name = "owner"

    def __str__(self) -> str:
        return self.name


class ApiKeyRow(models.Model):
    """What is kept of an API key."""

    id = models.UUIDField(primary_key=True)
    owner = models.ForeignKey(OwnerRow, on_delete=models.PROTECT, related_name="keys", db_index=False)
    name = models.CharField(max_length=ApiKey.NAME_MAX)
    public_id = models.CharField(max_length=32, unique=True)
    digest = models.CharField(max_length=64)
    scopes = ScopesField(max_length=1000)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField()
    # null: of a key that was made when nobody wrote that down
    created_by = models.CharField(max_length=WriteContext.ACTOR_MAX, null=True, blank=True)
    original_expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "api_key"
        verbose_name = "key"
        indexes: ClassVar = [models.Index(fields=["owner", "created_at", "id"], name="api_key_newest")]

    def __str__(self) -> str:
        return f"{self.name} (gf_{self.public_id})"


SimulationRow = entity_model(Simulation, __name__)
RunRow = entity_model(Run, __name__)


class WebhookRow(TenantRow):
    """A tenant's webhook."""

    url = models.CharField(max_length=2048)
    kinds = JsonField(python=tuple)
    description = models.TextField(null=True, blank=True)
    enabled = models.BooleanField()
    disabled_reason = ChoiceField(options=DisabledReason, max_length=20, null=True, blank=True)
    secret = SealedField(blank=True)
    previous_secret = SealedField(blank=True)
    previous_secret_until = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField()

    class Meta:
        db_table = "webhook"
        verbose_name = "webhook"
        indexes: ClassVar = [models.Index(fields=["owner_id", "created_at", "id"], name="webhook_newest")]

    def __str__(self) -> str:
        return self.url


class WebhookCursorRow(TenantRow):
    """How far the webhook with this id has come, and who serves it; it contains nothing of the changes."""

    number = models.PositiveBigIntegerField()
    attempts = models.PositiveIntegerField()
    failing_since = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField()
    requested = models.UUIDField(null=True, blank=True)
    active = models.BooleanField()
    holder = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "webhook_cursor"
        verbose_name = "cursor of a webhook"
        verbose_name_plural = "cursors of webhooks"
        indexes: ClassVar = [models.Index(fields=["owner_id", "id"], name="webhook_cursor_of_owner")]

    def __str__(self) -> str:
        return f"{self.pk}: {self.number}"


class WebhookDeliveryRow(TenantRow):
    """One attempt to deliver a message to a webhook."""

    webhook_id = models.UUIDField()
    message_id = models.CharField(max_length=50)
    type = models.CharField(max_length=100)
    number = models.PositiveBigIntegerField()
    cause = ChoiceField(options=DeliveryCause, max_length=10)
    attempt = models.PositiveIntegerField()
    status_code = models.PositiveIntegerField(null=True, blank=True)
    duration_ms = models.PositiveIntegerField()
    answer = models.CharField(max_length=Delivery.TEXT_MAX, blank=True)
    # null: there was an answer, which may be empty
    error = models.CharField(max_length=Delivery.TEXT_MAX, null=True, blank=True)
    next_attempt_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "webhook_delivery"
        verbose_name = "delivery to a webhook"
        verbose_name_plural = "deliveries to webhooks"
        indexes: ClassVar = [
            models.Index(fields=["owner_id", "webhook_id", "created_at", "id"], name="webhook_delivery_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.message_id}"


class IdempotencyRow(TenantRow):
    """What an idempotent request made; the id is that of the entity."""

    operation = models.CharField(max_length=100)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    entity = JsonTextField()

    class Meta:
        db_table = "idempotency_record"
        verbose_name = "idempotency record"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner_id", "operation", "key"], name="idempotency_record_of_request"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.key}"


class ChangeCountRow(models.Model):
    """How many changes an owner has made: the ``last`` number given, and the highest that was purged.

    A writer holds the row until it commits, so the numbers of one owner appear in their order.
    """

    owner_id = models.UUIDField(primary_key=True)
    last = models.PositiveBigIntegerField()
    purged_through = models.PositiveBigIntegerField()

    class Meta:
        db_table = "change_count"
        verbose_name = "count of changes"
        verbose_name_plural = "counts of changes"

    def __str__(self) -> str:
        return f"{self.owner_id}: {self.last}"


class RevisionRow(TenantRow):
    """One write, before and after, as JSON; a trigger refuses to change it, or to delete it before it is forgotten."""

    number = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=50)
    entity_id = models.UUIDField()
    version = models.PositiveBigIntegerField()
    actor = models.CharField(max_length=WriteContext.ACTOR_MAX)
    request_id = models.CharField(max_length=128, blank=True)
    before = JsonTextField(null=True, blank=True)  # null: there was nothing, which is no text
    after = JsonTextField(null=True, blank=True)

    class Meta:
        db_table = "revision"
        verbose_name = "revision"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner_id", "number"], name="revision_in_order"),
            models.UniqueConstraint(fields=["owner_id", "entity_id", "kind", "version"], name="revision_of_version"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.entity_id}, version {self.version}"
