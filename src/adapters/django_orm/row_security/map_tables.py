"""Tables of the members of maps, by which PostgreSQL finds entities: triggers keep them in sync with the maps.

An index on the map itself would not be chosen: row-level security hides the statistics of ``jsonb`` from the planner,
which then takes every label for common. Texts of a table of their own are compared by ``=``, whose statistics it may
use. Beside each member is when its row was created: a list by label, newest first, is a range of an index, however
common the label is, and whenever its rows were made. SQLite has no such table, and reads the maps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.migrations.operations.base import Operation

from adapters.django_orm.columns import members_table
from adapters.django_orm.row_security.policies import OPERATOR_POLICY, policies_of

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations.state import ProjectState


class IndexMap(Operation):
    """Makes the table of a map's members on PostgreSQL, and the triggers that fill it."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, model: str, column: str) -> None:
        self.model, self.column = model, column

    def describe(self) -> str:
        """The line in migration plans."""
        return f"Table of the members of {self.column} of {self.model}"

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Does not change the state of models."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            for statement in _made(to_state.apps.get_model(app_label, self.model)._meta.db_table, self.column):
                schema_editor.execute(statement)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.connection.vendor == "postgresql":
            table = from_state.apps.get_model(app_label, self.model)._meta.db_table
            schema_editor.execute(f"DROP FUNCTION {members_table(table, self.column)}_follow CASCADE")
            schema_editor.execute(f"DROP TABLE {members_table(table, self.column)}")


def _made(table: str, column: str) -> list[str]:
    members = members_table(table, column)
    follow = f"{members}_follow"
    policies = {"operator": OPERATOR_POLICY, **{name: str(policy) for name, policy in policies_of(members).items()}}
    remove = f"DELETE FROM {members} WHERE owner_id = OLD.owner_id AND id = OLD.id"  # noqa: S608 -- names of ours
    add = f"INSERT INTO {members} {_members('NEW.', '', column)}"
    changed = f"(OLD.{column}, OLD.created_at) IS DISTINCT FROM (NEW.{column}, NEW.created_at)"
    return [
        f'CREATE TABLE {members} (owner_id uuid NOT NULL, id uuid NOT NULL, name text COLLATE "C" NOT NULL,'
        f' text text COLLATE "C" NOT NULL, created_at timestamptz NOT NULL, PRIMARY KEY (owner_id, id, name))',
        f"CREATE INDEX {members}_by_text ON {members} (owner_id, name, text, created_at, id)",
        f"CREATE INDEX {members}_by_name ON {members} (owner_id, name, created_at, id)",
        f"ALTER TABLE {members} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        *(f"CREATE POLICY {name} ON {members} {policy}" for name, policy in policies.items()),
        f"INSERT INTO {members} {_members('', table, column)}",
        f"CREATE FUNCTION {follow}() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN"
        f" IF TG_OP <> 'INSERT' THEN {remove}; END IF;"
        f" IF TG_OP <> 'DELETE' THEN {add}; END IF;"
        " RETURN NULL; END $$",
        f"CREATE TRIGGER {members}_added AFTER INSERT ON {table}"
        f" FOR EACH ROW WHEN (NEW.{column} <> '{{}}') EXECUTE FUNCTION {follow}()",
        f"CREATE TRIGGER {members}_changed AFTER UPDATE ON {table}"
        f" FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION {follow}()",
        f"CREATE TRIGGER {members}_removed AFTER DELETE ON {table}"
        f" FOR EACH ROW WHEN (OLD.{column} <> '{{}}') EXECUTE FUNCTION {follow}()",
    ]


def _members(row: str, table: str, column: str) -> str:
    """The query of the members of a row, or of all rows of a table."""
    source = f"{table}, " if table else ""
    return f"SELECT {row}owner_id, {row}id, key, value, {row}created_at FROM {source}jsonb_each_text({row}{column})"  # noqa: S608 -- names of ours
