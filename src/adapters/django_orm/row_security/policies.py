"""The second lock, in migrations: PostgreSQL shows and takes the rows of the owner that a transaction names, no others.

A migration that makes a table of tenants ends with ``ProtectTenants`` of its model. On other databases the operations
do nothing.
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
    """Which rows a command sees, and which it may leave behind; empty where the command leaves none."""

    command: str
    seen: str
    taken: str = ""

    def __str__(self) -> str:
        """The end of a CREATE POLICY."""
        return f"FOR {self.command} USING ({self.seen})" + (f" WITH CHECK ({self.taken})" if self.taken else "")


Policies: TypeAlias = dict[str, Policy]

# After a transaction that has named an owner the setting is empty, and before the first one it is NULL: nobody's rows.
NAMED_OWNER = "NULLIF(current_setting('goatfish.owner', true), '')::uuid"
NAMED_KEY = "NULLIF(current_setting('goatfish.key', true), '')"


class ProtectTenants(Operation):
    """Rows of these models, which have an ``owner_id``, are there for their owner and for whoever runs migrations.

    Their primary keys get the owner beside the id, and their references foreign keys.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(self, *models: str) -> None:
        self.models = models

    def policies(self) -> Policies:
        """The policies of each table by their names, without that of whoever runs migrations."""
        mine = f"owner_id = {NAMED_OWNER}"
        return {"named_owner": Policy("ALL", mine, mine)}

    def describe(self) -> str:
        """What it says of itself in plans of migrations."""
        return f"Row-level security, keys with the owner and references within it on {', '.join(self.models)}"

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Models do not know of it."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        # The owner of a table is held to its policies as well (FORCE), so that no role sees rows without a policy.
        others = {name: str(policy) for name, policy in self.policies().items()}
        policies = {"operator": "TO CURRENT_ROLE USING (true) WITH CHECK (true)", **others}
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
    """Has PostgreSQL keep a reference that came to a model after the migration that protects it."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, model: str, column: str) -> None:
        self.model, self.column = model, column

    def describe(self) -> str:
        """What it says of itself in plans of migrations."""
        return f"The reference {self.column} of {self.model} is kept"

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Models do not know of it."""

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
    """The same for keys; one of them can also be read by its public id, before anybody knows whose it is."""

    def policies(self) -> Policies:
        return {**super().policies(), "named_key": Policy("SELECT", f"public_id = {NAMED_KEY}")}


class ProtectOwners(ProtectTenants):
    """Owners can be read, one at a time: the named one, or whose key is named."""

    def policies(self) -> Policies:
        holder = f"SELECT api_key.owner_id FROM api_key WHERE api_key.public_id = {NAMED_KEY}"  # noqa: S608 -- a constant of ours
        return {"named_owner": Policy("SELECT", f"id = {NAMED_OWNER} OR id = ({holder})")}


def policies_of(table: str) -> Policies:
    """What the migrations leave a table with that has an owner."""
    special = {"api_key": ProtectKeys, "owner": ProtectOwners}
    return special.get(table, ProtectTenants)().policies()


def reference_definition(field: ReferenceField, quote: Callable[[str], str]) -> str:
    """The foreign key of a reference, as PostgreSQL itself writes it.

    Deferrable, for an import brings rows in any order.
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
    """Changes the primary key of a table whose rows have an id and an owner; Django knows the id alone."""
    if {"id", "owner_id"} <= {field.column for field in model._meta.local_concrete_fields}:
        key = _quoted(f"{model._meta.db_table}_pkey")
        change = f"DROP CONSTRAINT {key}, ADD CONSTRAINT {key} PRIMARY KEY ({', '.join(columns)})"
        schema_editor.execute(f"ALTER TABLE {_quoted(model._meta.db_table)} {change}")


def _quoted(name: str) -> str:
    return f'"{name}"'
