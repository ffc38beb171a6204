"""Checks what imported rows refer to: rows of the same file, and in no circle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Exists, OuterRef

from adapters.django_orm.apps import owned_models
from adapters.django_orm.columns import references_in
from adapters.django_orm.tenant_tables import TenantTable, tenant_tables
from domain.errors import Invalid, Violation

if TYPE_CHECKING:
    from uuid import UUID

    from adapters.django_orm.columns import ReferenceField


def defer_references() -> None:
    """Lets rows of the file come before those that they refer to."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def check_references(owner: UUID) -> None:
    """Raises ``Invalid`` where a row refers to what is not in the file, or in the end to itself."""
    models = {model._meta.db_table: model for model in owned_models()}
    for table in tenant_tables():
        for field in references_in(table.model):
            referred = models[field.to]._default_manager.filter(owner_id=owner, id=OuterRef(field.name))
            rows = table.model._default_manager.filter((f"{field.name}__isnull", False), owner_id=owner)
            if not rows.exists():
                continue
            refused = f"The {field.name} of a {table.model._meta.verbose_name}"
            if rows.filter(~Exists(referred)).exists():
                raise Invalid([Violation(field.name, f"unknown_{field.to}", f"{refused} is not in the file.")])
            if field.to == table.name and _has_circle(table, field, owner):
                # Nobody could delete these rows: each is referred to.
                raise Invalid([Violation(field.name, "circular", f"{refused} leads back to itself.")])


def _has_circle(table: TenantTable, field: ReferenceField, owner: UUID) -> bool:
    """Whether some rows are not reached from those that refer to none."""
    rows, (name, refers) = table.of_owner, map(connection.ops.quote_name, (table.name, field.column))
    reached = (
        f"SELECT id {rows} AND {refers} IS NULL UNION ALL"  # noqa: S608 -- names of ours
        f" SELECT {name}.id FROM {name} JOIN reached ON {refers} = reached.id WHERE owner_id = %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE reached AS ({reached}) SELECT (SELECT count(*) FROM reached), (SELECT count(*) {rows})",  # noqa: S608 -- names of ours
            [table.key(owner)] * 3,
        )
        found, every = cursor.fetchone()
    return bool(found < every)
