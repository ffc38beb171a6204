"""The tables, as Django's documentation would have them declared; they exist already."""

import hashlib
import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone


class Owner(models.Model):
    """A tenant."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=300, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    deactivated_at = models.DateTimeField(null=True)
    is_authenticated = True  # what permission classes ask of whoever calls

    class Meta:
        managed = False
        db_table = "owner"


class ApiKey(models.Model):
    """A tenant's key, of which the digest alone is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    owner = models.ForeignKey(Owner, on_delete=models.CASCADE)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "api_key"

    @property
    def opens(self) -> bool:
        expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.revoked_at is None and not expired and self.owner.deactivated_at is None


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Simulation(models.Model):
    """A tenant's simulation."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    owner_id = models.UUIDField()
    name = models.CharField(max_length=300)
    name_folded = models.CharField(max_length=900)
    start_date = models.DateField()
    end_date = models.DateField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        managed = False
        db_table = "simulation"
        indexes: ClassVar = [models.Index(fields=["owner_id", "created_at", "id"], name="simulation_newest")]

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name_folded = self.name.casefold()
        super().save(*args, **kwargs)

    @property
    def etag(self) -> str:
        return f'"{self.version}"'


class Run(models.Model):
    """A run of a simulation, its quantities as JSON."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    owner_id = models.UUIDField()
    simulation_id = models.UUIDField()
    name = models.CharField(max_length=300, null=True)
    name_folded = models.CharField(max_length=900, null=True)
    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    solver = models.CharField(max_length=100, null=True)
    solver_version = models.CharField(max_length=100, null=True)
    labels = models.JSONField(default=dict)
    parameters = models.JSONField(default=dict)
    results = models.JSONField(default=dict)
    artifacts = models.JSONField(default=list)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        managed = False
        db_table = "run"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name_folded = self.name and self.name.casefold()
        super().save(*args, **kwargs)
