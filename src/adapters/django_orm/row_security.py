"""The second lock, in migrations: PostgreSQL shows and takes the rows of the owner that a transaction names, no others.

A migration that makes a table of tenants ends with ``ProtectTenants`` of its model. On other databases the operations
do nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from django.db.migrations.operations.base import Operation

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations.state import ProjectState

Policies: TypeAlias = dict[str, str]

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
        """The policies of each table by their names."""
        mine = f"owner_id = {NAMED_OWNER}"
        return {"named_owner": f"USING ({mine}) WITH CHECK ({mine})"}

    def describe(self) -> str:
        """What it says of itself in plans of migrations."""
        return f"Row-level security on {', '.join(self.models)}"

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Models do not know of it."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        # The owner of a table is held to its policies as well (FORCE), so that no role sees rows without a policy.
        policies = {"operator": "TO CURRENT_ROLE USING (true) WITH CHECK (true)", **self.policies()}
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
        return {**super().policies(), "named_key": f"FOR SELECT USING (public_id = {NAMED_KEY})"}


class ProtectOwners(ProtectTenants):
    """Owners can be read, one at a time: the named one, or whose key is named."""

    def policies(self) -> Policies:
        holder = f"SELECT owner_id FROM api_key WHERE public_id = {NAMED_KEY}"  # noqa: S608 -- a constant of ours
        return {"named_owner": f"FOR SELECT USING (id = {NAMED_OWNER} OR id = ({holder}))"}
