"""The migration operation that lets PostgreSQL find members of maps by an index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.migrations.operations.base import Operation

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations.state import ProjectState


class IndexMap(Operation):
    """Indexes the members of a map within each owner, on PostgreSQL.

    The index is of the kind GIN, which needs the extension ``btree_gin`` to lead with the owner. The extension belongs
    to PostgreSQL's own, and the owner of a database may add it.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(self, model: str, column: str) -> None:
        self.model, self.column = model, column

    def describe(self) -> str:
        """The line in migration plans."""
        return f"Index of the members of {self.column} of {self.model}"

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Does not change the state of models."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            table = to_state.apps.get_model(app_label, self.model)._meta.db_table
            schema_editor.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
            schema_editor.execute(
                f'CREATE INDEX "{table}_{self.column}" ON "{table}" USING gin ("owner_id", "{self.column}")'
            )

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            table = from_state.apps.get_model(app_label, self.model)._meta.db_table
            schema_editor.execute(f'DROP INDEX "{table}_{self.column}"')
