"""How many rows of a table an owner has at most, on PostgreSQL also where several are inserted at the same time.

A statement that inserts a row looks first how many there are, but does not see those of other transactions that are
not committed yet. So a trigger locks the owner's count of changes, for which these other transactions and this one
queue in any case, and looks again. SQLite has one writer at a time, and needs no trigger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.migrations.operations.base import Operation

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations.state import ProjectState


class LimitOwned(Operation):
    """Makes the trigger that rolls back the insertion of a row of this model where its owner has ``most`` already.

    Whoever repeats the transaction, as the service does after such an error, sees the rows that were in the way.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(self, model: str, most: int) -> None:
        self.model, self.most = model, most

    def describe(self) -> str:
        """The line in migration plans."""
        return f"At most {self.most} of {self.model} for each owner"

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Does not change the state of models."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            table = to_state.apps.get_model(app_label, self.model)._meta.db_table
            held = f"SELECT count(*) FROM {table} WHERE owner_id = NEW.owner_id"  # noqa: S608 -- names of ours
            schema_editor.execute(
                f"CREATE FUNCTION {table}_limit() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp"
                " AS $$ BEGIN PERFORM FROM change_count WHERE owner_id = NEW.owner_id FOR NO KEY UPDATE;"
                f" IF ({held}) >= {self.most} THEN"
                f" RAISE EXCEPTION 'an owner has at most {self.most} rows in {table}'"
                " USING ERRCODE = 'serialization_failure'; END IF; RETURN NEW; END $$"
            )
            schema_editor.execute(
                f"CREATE TRIGGER {table}_limit BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_limit()"
            )

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            table = from_state.apps.get_model(app_label, self.model)._meta.db_table
            schema_editor.execute(f"DROP FUNCTION {table}_limit CASCADE")
