"""The database itself refuses to change a revision, and to delete one before its owner's count says that it is purged."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

PURGED_THROUGH = "coalesce((SELECT purged_through FROM change_count WHERE change_count.owner_id = OLD.owner_id), 0)"
REFUSAL = "a revision is never changed, and deleted only once it may be purged"

MADE = {
    "sqlite": [
        f"CREATE TRIGGER revision_is_kept BEFORE DELETE ON revision WHEN OLD.number > {PURGED_THROUGH}"
        f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
        f"CREATE TRIGGER revision_is_final BEFORE UPDATE ON revision BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    ],
    "postgresql": [
        "CREATE FUNCTION revision_is_kept() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$ BEGIN"
        f" IF TG_OP = 'DELETE' AND OLD.number <= {PURGED_THROUGH} THEN RETURN OLD; END IF;"
        f" RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$",
        "CREATE TRIGGER revision_is_kept BEFORE UPDATE OR DELETE ON revision"
        " FOR EACH ROW EXECUTE FUNCTION revision_is_kept()",
        "CREATE TRIGGER revisions_are_kept BEFORE TRUNCATE ON revision"
        " FOR EACH STATEMENT EXECUTE FUNCTION revision_is_kept()",
    ],
}
UNMADE = {
    "sqlite": ["DROP TRIGGER revision_is_kept", "DROP TRIGGER revision_is_final"],
    "postgresql": ["DROP FUNCTION revision_is_kept CASCADE"],
}


def make(_: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in MADE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def unmake(_: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in UNMADE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):

    dependencies = [
        ('goatfish', '0001_initial'),
    ]

    operations = [
        migrations.RunPython(make, unmake),
    ]
