"""The second lock, in migrations: PostgreSQL shows and takes the rows of the owner that a transaction names, no others.

A migration that makes a table of tenants ends with ``ProtectTenants`` of its model. On other databases the operations
do nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from django.db.migrations.operations.base import Operation

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations.state import ProjectState


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
    """Rows of these models, which have an ``owner_id``, are there for their owner and for whoever runs migrations."""

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
        return f"Row-level security on {', '.join(self.models)}"

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Models do not know of it."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        # The owner of a table is held to its policies as well (FORCE), so that no role sees rows without a policy.
        others = {name: str(policy) for name, policy in self.policies().items()}
        policies = {"operator": "TO CURRENT_ROLE USING (true) WITH CHECK (true)", **others}
        for table in self._tables(app_label, schema_editor, to_state):
            schema_editor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
            for name, policy in policies.items():
                schema_editor.execute(f"CREATE POLICY {name} ON {table} {policy}")

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for table in self._tables(app_label, schema_editor, from_state):
            for name in ("operator", *self.policies()):
                schema_editor.execute(f"DROP POLICY {name} ON {table}")
            schema_editor.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY")

    def _tables(self, app_label: str, schema_editor: Any, state: ProjectState) -> list[str]:
        connection = schema_editor.connection
        if connection.vendor != "postgresql":
            return []
        models = (state.apps.get_model(app_label, name) for name in self.models)
        return [
            connection.ops.quote_name(model._meta.db_table)
            for model in models
            if self.allow_migrate_model(connection.alias, model)
        ]


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
