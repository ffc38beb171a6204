"""The schema separates owners and can be sharded by owner; checked in the database catalogue."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.admin import autodiscover, site
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.migrations import AddField, Migration
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.questioner import MigrationQuestioner
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import MigrationWriter
from django.db.models.fields import NOT_PROVIDED, IntegerField

from adapters.django_orm.apps import model_of, owned_models
from adapters.django_orm.columns import indexed_maps
from adapters.django_orm.models import (
    ApiKeyRow,
    Operator,
    OwnerRow,
    RevisionRow,
)
from domain.entity_spec import spec_of
from domain.registry import ENTITIES
from tests.compiled_sql.statements import statements
from tests.contracts.cases import CASES
from tests.integration.conftest import VENDOR, MakeStorage, columns, table_of
from tests.migration_linter import findings, sql_of
from tests.specimens import Material

ROOT = Path(__file__).parents[2]

OWNED = {"id", "owner_id", "created_at", "version"}  # columns of every entity of an owner
# The directory finds the shard, and operators belong to no tenant; all other tables are tenant tables.
DIRECTORY = {OwnerRow._meta.db_table, ApiKeyRow._meta.db_table}
UUID_COLUMN = {"sqlite": "char(32)", "postgresql": "uuid"}[VENDOR or ""]


@pytest.fixture
def cursor(db: None) -> Iterator[CursorWrapper]:
    with connection.cursor() as cursor:
        yield cursor


def column_types(cursor: CursorWrapper, table: str) -> dict[str, str]:
    if VENDOR == "sqlite":
        cursor.execute("SELECT name, lower(type) FROM pragma_table_info(%s)", [table])
    else:
        cursor.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
            [table],
        )
    return dict(cursor.fetchall())


def has_sequence(cursor: CursorWrapper, table: str) -> bool:
    if VENDOR == "sqlite":
        # An INTEGER PRIMARY KEY is a sequence even without AUTOINCREMENT.
        cursor.execute("SELECT count(*) FROM pragma_table_info(%s) WHERE pk AND lower(type) = 'integer'", [table])
        return bool(cursor.fetchone()[0])
    return bool(connection.introspection.get_sequences(cursor, table))


def indexes(cursor: CursorWrapper, table: str) -> list[tuple[list[str], bool]]:
    """The columns of every index and unique constraint, and whether it is the primary key."""
    if VENDOR == "sqlite":
        # Django parses unique constraints from the table's SQL, and misses some.
        cursor.execute("SELECT name, origin = 'pk' FROM pragma_index_list(%s)", [table])
        found = []
        for name, primary in cursor.fetchall():
            cursor.execute("SELECT name FROM pragma_index_info(%s) ORDER BY seqno", [name])
            found.append(([column for (column,) in cursor.fetchall()], bool(primary)))
        return found
    constraints = connection.introspection.get_constraints(cursor, table).values()
    return [(each["columns"], each["primary_key"]) for each in constraints if each["index"] or each["unique"]]


def violations(cursor: CursorWrapper, table: str) -> set[str]:
    """What prevents this table from being sharded by owner."""
    found = set()
    types = column_types(cursor, table)
    for column in ("id", "owner_id"):
        if types.get(column, UUID_COLUMN) != UUID_COLUMN:
            found.add(f"{column} is no UUID")
    if has_sequence(cursor, table):
        found.add("a sequence")
    constraints = connection.introspection.get_constraints(cursor, table).values()
    # A foreign key that includes owner_id and an id stays within the owner.
    if any(each["foreign_key"] and not {"owner_id"} < {*each["columns"]} for each in constraints):
        found.add("a foreign key that may leave the owner")
    for indexed, primary in indexes(cursor, table):
        if primary and "owner_id" not in indexed:
            found.add("a primary key without the owner")
        elif not primary and indexed[0] != "owner_id":
            found.add(f"an index that leads with {indexed[0]}")
    return found


def missing_row_security(cursor: CursorWrapper) -> dict[str, set[str]]:
    """What row-level security lacks in each table with an owner, in any schema."""
    cursor.execute("""
        SELECT relname, relrowsecurity, relforcerowsecurity, EXISTS (
            SELECT FROM pg_policy WHERE polrelid = class.oid AND polroles = '{0}' AND polcmd IN ('*', 'r')
                AND pg_get_expr(polqual, polrelid) LIKE '%current_setting(''goatfish.owner''%'
        )
        FROM pg_class AS class
        WHERE relkind IN ('r', 'p') AND relnamespace <> 'pg_catalog'::regnamespace
            AND (oid = 'owner'::regclass OR EXISTS (
                SELECT FROM pg_attribute WHERE attrelid = class.oid AND attname = 'owner_id' AND NOT attisdropped
            ))
    """)
    lacks = ("row-level security", "FORCE", "a policy for the named owner")
    return {table: {name for name, has in zip(lacks, found, strict=True) if not has} for table, *found in cursor}


def tenant_tables() -> set[str]:
    ours = apps.get_app_config("goatfish").get_models(include_auto_created=True)
    tables = {model._meta.db_table for model in ours}
    tables = {table for table in tables if not table.startswith(Operator._meta.db_table)} - DIRECTORY
    return tables | (members_tables() if VENDOR == "postgresql" else set())


def members_tables() -> set[str]:
    """The tables of the members of maps."""
    return {table for model in owned_models() for table in indexed_maps(model).values()}


def test_every_tenant_table_can_be_sharded_by_owner(cursor: CursorWrapper) -> None:
    assert "simulation" in tenant_tables()
    assert {table: violations(cursor, table) for table in tenant_tables()} == {
        table: set() for table in tenant_tables()
    }


if VENDOR == "postgresql":

    def test_every_table_with_an_owner_has_row_level_security(cursor: CursorWrapper) -> None:
        tables = missing_row_security(cursor)
        assert tables == {table: set() for table in tenant_tables() | DIRECTORY}

    def test_the_check_detects_a_table_without_row_level_security(cursor: CursorWrapper) -> None:
        cursor.execute("CREATE TABLE unguarded (id uuid PRIMARY KEY, owner_id uuid NOT NULL)")
        assert missing_row_security(cursor)["unguarded"] == {
            "row-level security",
            "FORCE",
            "a policy for the named owner",
        }
        cursor.execute("ALTER TABLE unguarded ENABLE ROW LEVEL SECURITY")
        cursor.execute("CREATE POLICY operator ON unguarded TO CURRENT_ROLE USING (true)")
        assert missing_row_security(cursor)["unguarded"] == {"FORCE", "a policy for the named owner"}
        cursor.execute("ALTER TABLE simulation NO FORCE ROW LEVEL SECURITY")
        assert missing_row_security(cursor)["simulation"] == {"FORCE"}

    @pytest.mark.parametrize(
        ("column", "rules"),
        [(IntegerField(default=0), {"ban-drop-default"}), (IntegerField(default=0, db_default=0), set())],
    )
    def test_the_linter_of_migrations_finds_a_default_that_only_python_knows(
        column: "IntegerField[int, int]", rules: set[str]
    ) -> None:
        made = type("Priority", (Migration,), {"operations": [AddField("simulationrow", "priority", column)]})
        sql = sql_of(made("0099_priority", "goatfish"), MigrationLoader(None).project_state())
        assert 'ADD COLUMN "priority" integer DEFAULT 0 NOT NULL' in sql
        assert {each.rule for each in findings(sql)} == rules

    def test_triggers_keep_the_members_of_maps_in_step(cursor: CursorWrapper) -> None:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'"
            " AND tgname LIKE '%\\_labels\\_%'"
        )
        changes = ("added", "changed", "removed")
        wanted = {(entity.KIND, f"{entity.KIND}_labels_{change}") for entity in ENTITIES for change in changes}
        assert {*cursor.fetchall()} == wanted

    def test_members_of_maps_are_found_by_an_index_within_the_owner(cursor: CursorWrapper) -> None:
        for table in members_tables():
            found = [columns for columns, primary in indexes(cursor, table) if not primary]
            assert ["owner_id", "name", "text", "created_at", "id"] in found, table
            assert ["owner_id", "name", "created_at", "id"] in found, table

    def test_no_policy_of_a_tenant_table_queries_another_table(cursor: CursorWrapper) -> None:
        cursor.execute(
            "SELECT relname, concat(pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))"
            " FROM pg_policy JOIN pg_class ON pg_class.oid = polrelid WHERE relname = ANY (%s)",
            [[*tenant_tables()]],
        )
        policies = cursor.fetchall()
        assert {table for table, _ in policies} == tenant_tables()
        assert [policy for _, policy in policies if "SELECT" in policy] == []


def test_every_insert_from_a_query_has_a_returning_clause(lend: MakeStorage) -> None:
    inserts = [each.sql for _, each in statements(lend()) if re.search(r"INSERT INTO [^)]*\) SELECT", each.sql)]
    assert len(inserts) > 4 or VENDOR == "sqlite"  # which gets rows as VALUES
    assert all(sql.count("INSERT INTO") <= sql.count("RETURNING") for sql in inserts)


def test_every_entity_has_a_model_a_migration_and_sort_indexes(cursor: CursorWrapper) -> None:
    for entity in ENTITIES:
        model = model_of(entity)
        assert {field.column for field in model._meta.concrete_fields} == column_types(cursor, entity.KIND).keys()
        sorts = {tuple(index.fields) for index in model._meta.indexes}
        for sort in spec_of(entity).sorts:
            assert any(each[1].startswith(sort) for each in sorts), sort
    detector = MigrationAutodetector(MigrationLoader(None).project_state(), ProjectState.from_apps(apps))
    assert detector.changes(MigrationLoader(None).graph).get("goatfish") is None


def test_a_column_with_a_default_has_it_in_the_database_too() -> None:
    fields = [field for model in owned_models() for field in model._meta.concrete_fields if field.has_default()]
    assert {"labels", "status", "artifacts"} <= {field.name for field in fields}
    assert [field for field in fields if field.db_default is NOT_PROVIDED] == []


def test_an_entity_without_a_model_is_an_error() -> None:
    with pytest.raises(LookupError, match="MaterialRow = entity_model"):
        model_of(Material)


def test_only_tenant_tables_have_an_owner_id(cursor: CursorWrapper) -> None:
    tables = connection.introspection.table_names(cursor)
    assert {table for table in tables if "owner_id" in column_types(cursor, table)} == (
        tenant_tables() | {ApiKeyRow._meta.db_table}
    )


def test_every_owned_model_has_a_contract_case_an_admin_page_and_a_list_index(lend: MakeStorage) -> None:
    models = {model for model in apps.get_app_config("goatfish").get_models() if columns(model) >= OWNED} - {
        RevisionRow
    }
    assert {table_of(case, lend()).model for case in CASES} == models
    autodiscover()
    for model in models:
        assert site.is_registered(model)
        indexed = [[model._meta.get_field(name).attname for name in index.fields] for index in model._meta.indexes]  # type: ignore[union-attr]  # -- these indexes have no expressions
        assert ["owner_id", "created_at", "id"] in indexed, model


def test_a_generated_migration_passes_ruff(tmp_path: Path) -> None:
    questioner = MigrationQuestioner(specified_apps={"goatfish"})
    detector = MigrationAutodetector(ProjectState(), ProjectState.from_apps(apps), questioner)
    written = MigrationWriter(detector.changes(MigrationGraph())["goatfish"][0]).as_string()
    file = tmp_path / "src/adapters/django_orm/migrations/0002_as_written.py"
    file.parent.mkdir(parents=True)
    file.write_text(written, encoding="utf-8")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache"]
        done = subprocess.run(ruff, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_the_directory_has_indexes_of_public_ids_and_owner_names(cursor: CursorWrapper) -> None:
    for table, column in ((ApiKeyRow._meta.db_table, "public_id"), (OwnerRow._meta.db_table, "name")):
        assert [column] in [columns for columns, _ in indexes(cursor, table)]


UNSHARDABLE = {
    "sqlite": """
        CREATE TABLE shared (
            id integer PRIMARY KEY AUTOINCREMENT,
            owner_id char(32) NOT NULL REFERENCES owner (id),
            number integer NOT NULL UNIQUE,
            name varchar(9) NOT NULL
        )""",
    "postgresql": """
        CREATE TABLE shared (
            id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
            owner_id uuid NOT NULL REFERENCES owner (id),
            number integer NOT NULL UNIQUE,
            name varchar(9) NOT NULL
        )""",
}


def test_the_check_detects_a_table_that_cannot_be_sharded(cursor: CursorWrapper) -> None:
    cursor.execute(UNSHARDABLE[VENDOR or ""])
    cursor.execute("CREATE INDEX shared_by_name ON shared (name, owner_id)")
    cursor.execute("CREATE INDEX shared_by_owner ON shared (owner_id, name)")
    assert violations(cursor, "shared") == {
        "id is no UUID",
        "a sequence",
        "a foreign key that may leave the owner",
        "an index that leads with number",
        "an index that leads with name",
    } | ({"a primary key without the owner"} if VENDOR == "postgresql" else set())


def test_the_check_detects_a_primary_key_without_the_owner(cursor: CursorWrapper) -> None:
    cursor.execute(f"CREATE TABLE shared (id {UUID_COLUMN}, owner_id {UUID_COLUMN}, PRIMARY KEY (id))")
    assert violations(cursor, "shared") == {"a primary key without the owner"}
