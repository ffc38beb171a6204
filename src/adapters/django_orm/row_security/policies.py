"""Migration operations for row-level security: a transaction sees and writes only rows of the owner that it has set.

A migration that creates a tenant table ends with ``ProtectTenants`` of its model. On other databases than PostgreSQL
the operations do nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from django.db.migrations.operations.base import Operation

from adapters.django_orm.columns import reference_constraint, references_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations.state import ProjectState
    from django.db.models import Model

    from adapters.django_orm.columns import ReferenceField


class Policy(NamedTuple):
    """A row-level security policy; ``with_check`` is empty for a command that writes no rows."""

    command: str
    using: str
    with_check: str = ""

    def __str__(self) -> str:
        """The end of a CREATE POLICY."""
        return f"FOR {self.command} USING ({self.using})" + (
            f" WITH CHECK ({self.with_check})" if self.with_check else ""
        )


Policies: TypeAlias = dict[str, Policy]

# The setting is NULL in a new session, and empty after a transaction that has set it: no rows match either.
CURRENT_OWNER = "NULLIF(current_setting('goatfish.owner', true), '')::uuid"
OPERATOR_POLICY = "TO CURRENT_ROLE USING (true) WITH CHECK (true)"
"""Of the role that migrates."""
# Compared with a column: PostgreSQL would evaluate a condition without one before the statement has set the context.
ANY_DELIVERER = "owner_id <> NULLIF(current_setting('goatfish.deliverer', true), '')::uuid"
CURRENT_KEY = "NULLIF(current_setting('goatfish.key', true), '')"


class ProtectTenants(Operation):
    """Restricts the rows of these models, which have an ``owner_id``, to their owner and the role that migrates.

    Also adds the owner to their primary keys, and foreign keys to their references.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(self, *models: str) -> None:
        self.models = models

    def policies(self) -> Policies:
        """The policies of each table by name, except that of the role that migrates."""
        condition = f"owner_id = {CURRENT_OWNER}"
        return {"owner_isolation": Policy("ALL", condition, condition)}

    def describe(self) -> str:
        """The line in migration plans."""
        return f"Row-level security, keys with the owner and references within it on {', '.join(self.models)}"

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Does not change the state of models."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        # FORCE applies the policies to the table's owner too, so that no role sees rows without a policy.
        others = {name: str(policy) for name, policy in self.policies().items()}
        policies = {"operator": OPERATOR_POLICY, **others}
        models = self._models(app_label, schema_editor, to_state)
        for model in models:
            table = _quoted(model._meta.db_table)
            schema_editor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
            for name, policy in policies.items():
                schema_editor.execute(f"CREATE POLICY {name} ON {table} {policy}")
            _set_primary_key(schema_editor, model, "id", "owner_id")
        for model in models:
            for field in references_in(model):
                add_reference(schema_editor, model, field)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        models = self._models(app_label, schema_editor, from_state)
        for model in models:
            for field in references_in(model):
                drop_reference(schema_editor, model, field)
        for model in models:
            table = _quoted(model._meta.db_table)
            _set_primary_key(schema_editor, model, "id")
            for name in ("operator", *self.policies()):
                schema_editor.execute(f"DROP POLICY {name} ON {table}")
            schema_editor.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY")

    def _models(self, app_label: str, schema_editor: Any, state: ProjectState) -> list[type[Model]]:
        connection = schema_editor.connection
        if connection.vendor != "postgresql":
            return []
        models = (state.apps.get_model(app_label, name) for name in self.models)
        return [model for model in models if self.allow_migrate_model(connection.alias, model)]


class AddReference(Operation):
    """Adds the foreign key of a reference that a model got after the migration that protects it."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, model: str, column: str) -> None:
        self.model, self.column = model, column

    def describe(self) -> str:
        """The line in migration plans."""
        return f"Foreign key of the reference {self.column} of {self.model}"

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Does not change the state of models."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        self._run(add_reference, app_label, schema_editor, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        self._run(drop_reference, app_label, schema_editor, from_state)

    def _run(self, change: Callable[..., None], app_label: str, schema_editor: Any, state: ProjectState) -> None:
        model = state.apps.get_model(app_label, self.model)
        if schema_editor.connection.vendor == "postgresql":
            change(schema_editor, model, model._meta.get_field(self.column))


class ProtectKeys(ProtectTenants):
    """The same for API keys; one can also be read by its public id, before its owner is known."""

    def policies(self) -> Policies:
        return {**super().policies(), "key_lookup": Policy("SELECT", f"public_id = {CURRENT_KEY}")}


class ProtectDelivering(ProtectTenants):
    """The same for cursors of webhooks and counts of changes; whoever delivers reads all, to find what is waiting."""

    def policies(self) -> Policies:
        return {**super().policies(), "delivery_lookup": Policy("SELECT", ANY_DELIVERER)}


class ProtectOwners(ProtectTenants):
    """Owners are read-only, one at a time: the current one, or that of the current key."""

    def policies(self) -> Policies:
        holder = f"SELECT api_key.owner_id FROM api_key WHERE api_key.public_id = {CURRENT_KEY}"  # noqa: S608 -- a constant of ours
        return {"owner_isolation": Policy("SELECT", f"id = {CURRENT_OWNER} OR id = ({holder})")}


def policies_of(table: str) -> Policies:
    """The policies that a tenant table must have."""
    special: dict[str, type[ProtectTenants]] = {"api_key": ProtectKeys, "owner": ProtectOwners}
    special |= dict.fromkeys(("change_count", "webhook_cursor"), ProtectDelivering)
    return special.get(table, ProtectTenants)().policies()


def reference_definition(field: ReferenceField, quote: Callable[[str], str]) -> str:
    """The foreign key of a reference, as PostgreSQL prints it.

    Deferrable, because an import inserts rows in any order.
    """
    columns = f"FOREIGN KEY (owner_id, {quote(field.column)}) REFERENCES {quote(field.to)}(owner_id, id)"
    return f"{columns} DEFERRABLE"


def add_reference(schema_editor: BaseDatabaseSchemaEditor, model: type[Model], field: ReferenceField) -> None:
    """Adds the foreign key of a reference."""
    name = reference_constraint(model._meta.db_table, field.column)
    added = f"ADD CONSTRAINT {_quoted(name)} {reference_definition(field, _quoted)}"
    schema_editor.execute(f"ALTER TABLE {_quoted(model._meta.db_table)} {added}")


def drop_reference(schema_editor: BaseDatabaseSchemaEditor, model: type[Model], field: ReferenceField) -> None:
    """Drops the foreign key of a reference."""
    name = reference_constraint(model._meta.db_table, field.column)
    schema_editor.execute(f"ALTER TABLE {_quoted(model._meta.db_table)} DROP CONSTRAINT {_quoted(name)}")


def _set_primary_key(schema_editor: BaseDatabaseSchemaEditor, model: type[Model], *columns: str) -> None:
    """Changes the primary key of a table with an id and an owner; Django only knows the id."""
    if {"id", "owner_id"} <= {field.column for field in model._meta.local_concrete_fields}:
        key = _quoted(f"{model._meta.db_table}_pkey")
        change = f"DROP CONSTRAINT {key}, ADD CONSTRAINT {key} PRIMARY KEY ({', '.join(columns)})"
        schema_editor.execute(f"ALTER TABLE {_quoted(model._meta.db_table)} {change}")


def _quoted(name: str) -> str:
    return f'"{name}"'
