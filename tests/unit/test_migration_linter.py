"""The linter of migrations finds each kind of change that is unsafe beside the previous release, and no safe one."""

import pytest

from tests.migration_linter import findings

NEW_TABLE = """CREATE TABLE "note" ("id" uuid NOT NULL PRIMARY KEY, "owner_id" uuid NOT NULL, "text" text NOT NULL);
ALTER TABLE "note" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_isolation ON "note" FOR ALL USING (true);
ALTER TABLE "note" DROP CONSTRAINT "note_pkey", ADD CONSTRAINT "note_pkey" PRIMARY KEY (id, owner_id);
ALTER TABLE "note" ADD CONSTRAINT "note_run_id_refers" FOREIGN KEY (owner_id, run_id) REFERENCES run (owner_id, id);
ALTER TABLE "note" ADD CONSTRAINT "note_size" CHECK (length(text) < 9);
CREATE UNIQUE INDEX "note_newest" ON "note" ("owner_id", "id");
CREATE TRIGGER note_added AFTER INSERT ON note FOR EACH ROW EXECUTE FUNCTION follow();"""
SAFE = [
    NEW_TABLE,
    'ALTER TABLE "run" ADD COLUMN "notes" text NULL;',
    'ALTER TABLE "run" ADD COLUMN "priority" integer DEFAULT 0 NOT NULL;',
    'ALTER TABLE "run" ALTER COLUMN "priority" SET DEFAULT 1;',
]
UNSAFE = {
    'ALTER TABLE "run" ADD COLUMN "priority" integer NOT NULL;': {"adding-required-field"},
    # as Django writes a default that only Python knows
    'ALTER TABLE "run" ADD COLUMN "a" integer DEFAULT 0 NOT NULL;\nALTER TABLE "run" ALTER COLUMN "a" DROP DEFAULT;': {
        "ban-drop-default"
    },
    'ALTER TABLE "run" ALTER COLUMN "name" SET NOT NULL;': {"adding-not-nullable-field"},
    'ALTER TABLE "run" ALTER COLUMN "status" DROP NOT NULL;': {"ban-drop-not-null"},
    'ALTER TABLE "run" DROP COLUMN "name" CASCADE;': {"ban-drop-column"},
    'ALTER TABLE "run" RENAME COLUMN "name" TO "title";': {"renaming-column"},
    'ALTER TABLE "run" RENAME TO "execution";': {"renaming-table"},
    'DROP TABLE "run" CASCADE;': {"ban-drop-table"},
    'ALTER TABLE "run" ALTER COLUMN "name" TYPE varchar(9);': {"changing-column-type"},
    'ALTER TABLE "run" ADD CONSTRAINT "a" CHECK (b > c) NOT VALID;': {"adding-check"},
    'ALTER TABLE "run" DROP CONSTRAINT "run_simulation_id_refers";': {"ban-drop-constraint"},
    'CREATE UNIQUE INDEX CONCURRENTLY "a" ON "run" ("owner_id", "name");': {"adding-unique-index"},
    'CREATE INDEX "a" ON "run" ("owner_id", "name");': {"require-concurrent-index-creation"},
    "DROP POLICY owner_isolation ON run;": {"unprotecting-table"},
    'ALTER TABLE "run" DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;': {"unprotecting-table"},
    'CREATE TABLE "note" ("id" uuid PRIMARY KEY, "owner_id" uuid NOT NULL);': {"unprotected-table"},
    "CREATE TRIGGER a BEFORE INSERT ON run FOR EACH ROW EXECUTE FUNCTION b();": {"adding-trigger"},
    "GRANT SELECT ON note TO api;": {"granting"},
    # However it is written:
    "alter table run disable row level security;": {"unprotecting-table"},
    "create policy other on run using (true);": {"unprotecting-table"},
    "ALTER TABLE public.run DISABLE ROW LEVEL SECURITY;": {"unprotecting-table"},
    "alter table only run add check (b > c) not valid;": {"adding-check"},
    "create unique index concurrently a on public.run (name);": {"adding-unique-index"},
    "create table if not exists note (id uuid primary key, owner_id uuid not null);": {"unprotected-table"},
    "SELECT 1; DROP TRIGGER a ON run;": {"removing-trigger"},
    "ALTER TABLE run DISABLE TRIGGER ALL;": {"removing-trigger"},
    "TRUNCATE run;": {"locking-table"},
    "LOCK TABLE run;": {"locking-table"},
    "CREATE OR REPLACE TRIGGER a BEFORE INSERT ON run FOR EACH ROW EXECUTE FUNCTION b();": {"adding-trigger"},
    "CREATE RULE a AS ON INSERT TO run DO INSTEAD NOTHING;": {"adding-trigger"},
    "CREATE OR REPLACE FUNCTION b() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;": {
        "replacing-function"
    },
    "ALTER TABLE run SET UNLOGGED;": {"locking-table"},
    "ALTER TABLE run OWNER TO other;": {"granting"},
    "UPDATE run SET solver = name;": {"changing-rows"},
    "delete from only public.run;": {"changing-rows"},
    "DO $$ BEGIN ALTER TABLE run DROP COLUMN solver; END $$;": {"without-sql"},
    "-- THIS OPERATION CANNOT BE WRITTEN AS SQL": {"without-sql"},
}


def test_lines_and_comments_hide_nothing() -> None:
    sql = "-- a comment\nALTER TABLE run\n  DISABLE /* here */ ROW LEVEL SECURITY;"
    assert [each.rule for each in findings(sql)] == ["unprotecting-table"]


def test_the_body_of_a_function_is_no_statement() -> None:
    body = "BEGIN\nDELETE FROM run;\nTRUNCATE run;\nALTER TABLE run DISABLE TRIGGER ALL;\nEND"
    assert findings(f"CREATE FUNCTION a() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$;") == []


@pytest.mark.parametrize("sql", SAFE)
def test_what_is_added_is_safe(sql: str) -> None:
    assert findings(sql) == []


@pytest.mark.parametrize("sql", UNSAFE)
def test_what_breaks_the_previous_release_is_found(sql: str) -> None:
    found = findings(sql, atomic="CONCURRENTLY" not in sql)
    assert {each.rule for each in found} == UNSAFE[sql]
    assert all(each.statement in sql and each.reason for each in found)


def test_an_index_on_a_table_with_rows_is_built_beside_its_writers() -> None:
    assert findings('CREATE INDEX CONCURRENTLY "a" ON "run" ("owner_id", "name");', atomic=False) == []
