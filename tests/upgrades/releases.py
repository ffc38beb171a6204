"""Releases as folders with their code: the last one, the checkout, and a next one with a further entity and field."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ("src", "config")
TIMEOUT = 120  # seconds for a command

NOTE = '''"""Something that somebody has written about a simulation."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from domain.fields import LongText, Reference
from domain.repository import OwnerId


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note about a simulation."""

    KIND: ClassVar = "note"
    PLURAL: ClassVar = "notes"

    id: UUID
    owner_id: OwnerId
    simulation_id: Annotated[
        UUID,
        Reference(
            to="simulation",
            in_use="simulation_has_notes",
            missing="noted_simulation_missing",
            description="what it is about",
        ),
    ]
    text: Annotated[str, LongText(max_length=4000, description="the text", example="Too coarse.")]
    created_at: datetime
    updated_at: datetime
    version: int = 1
'''
TABLES = """import adapters.django_orm.columns
from django.db import migrations, models

from adapters.django_orm.row_security.policies import ProtectTenants


class Migration(migrations.Migration):

    dependencies = [('goatfish', '{last}')]

    operations = [
        migrations.AddField(
            model_name='simulationrow',
            name='priority',
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.CreateModel(
            name='NoteRow',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('owner_id', models.UUIDField()),
                ('created_at', models.DateTimeField()),
                ('simulation_id', adapters.django_orm.columns.ReferenceField(to='simulation')),
                ('text', models.TextField()),
                ('updated_at', models.DateTimeField()),
                ('version', models.PositiveIntegerField()),
            ],
            options={{
                'verbose_name': 'note',
                'db_table': 'note',
                'indexes': [
                    models.Index(fields=['owner_id', 'created_at', 'id'], name='note_newest'),
                    models.Index(
                        fields=['owner_id', 'simulation_id', 'created_at', 'id'], name='note_of_simulation_id'
                    ),
                ],
            }},
        ),
        ProtectTenants('NoteRow'),
    ]
"""
INDEX = """from django.db import migrations, models

from adapters.django_orm.concurrent_indexes import AddIndexConcurrently


class Migration(migrations.Migration):

    atomic = False
    dependencies = [('goatfish', '{last}')]

    operations = [
        AddIndexConcurrently(
            model_name='simulationrow',
            index=models.Index(fields=['owner_id', 'priority', 'id'], name='simulation_by_priority'),
        ),
    ]
"""
PRIORITY = '    priority: Annotated[int, Integer(description="what is done first", example=1, sortable=True)] = 0\n'
PAGES = '    pages: Annotated[int | None, Integer(description="how many", example=3)] = None\n'
EDITS = (  # what the next release changes: a file, what stands there, and what goes before it
    ("src/domain/simulations/simulation.py", "    created_at: datetime\n", PRIORITY),
    ("src/domain/simulations/simulation.py", "from domain.fields import ", "from domain.fields import Integer\n"),
    ("src/domain/runs/artifact.py", "    sha256: Annotated[", PAGES),
    ("src/domain/registry.py", "\nENTITIES", "from domain.notes.note import Note\n"),
    (
        "src/domain/access/scopes.py",
        "    KEYS_MANAGE =",
        '    NOTES_READ = "notes:read"\n    NOTES_WRITE = "notes:write"\n',
    ),
    ("src/adapters/django_orm/models.py", "\n\nclass IdempotencyRow", "NoteRow = entity_model(Note, __name__)\n"),
    ("src/adapters/django_orm/models.py", "from domain.write_context", "from domain.notes.note import Note\n"),
)


@dataclass(frozen=True)
class Release:
    """The code of a release."""

    name: str
    folder: Path

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", *arguments]

    def environment(self, **variables: str) -> dict[str, str]:
        """Without a configuration of another Goatfish; with this release's code before the checkout's."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GOATFISH_", "DJANGO_"))}
        path = os.pathsep.join([str(self.folder / "src"), str(self.folder)])
        return {
            **kept,
            "PYTHONPATH": path,
            "GOATFISH_SECRET_KEY": "a secret key that serves the tests alone",
            **variables,
        }

    def run(self, env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a module or a script of this release."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(**env),
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    def goatfish(self, env: dict[str, str], *arguments: str) -> str:
        """Runs a command; returns what it has printed, and said."""
        done = self.run(env, "app.cli", *arguments)
        return done.stdout + done.stderr


def last_tag() -> str | None:
    """The newest version tag."""
    command = ["git", "tag", "--list", "v[0-9]*", "--sort=-version:refname"]
    tags = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return tags[0] if tags else None


def archived(ref: str, folder: Path) -> Release:
    """The code of a commit or tag."""
    archive = subprocess.run(["git", "archive", ref, *CODE], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return Release(ref, folder)


def checked_out(folder: Path) -> Release:
    """The code as it is here."""
    for name in CODE:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return Release("checkout", folder)


def following(folder: Path) -> Release:
    """A release that follows the checkout: with notes, and with the priority of simulations."""
    checked_out(folder)
    for path, place, added in EDITS:
        file = folder / path
        text = file.read_text()
        assert text.count(place) == 1, (path, place)
        file.write_text(text.replace(place, added + place))
    registry = folder / "src/domain/registry.py"
    assert "(Simulation, Run" in registry.read_text()
    registry.write_text(registry.read_text().replace("(Simulation, Run", "(Simulation, Run, Note"))
    notes = folder / "src/domain/notes"
    notes.mkdir()
    (notes / "__init__.py").write_text('"""Notes."""\n')
    (notes / "note.py").write_text(NOTE)
    migrations = folder / "src/adapters/django_orm/migrations"
    last = max(path.stem for path in migrations.glob("[0-9]*.py"))
    for name, text in (("notes", TABLES), ("priority_index", INDEX)):
        following = f"{int(last[:4]) + 1:04}_{name}"
        (migrations / f"{following}.py").write_text(text.format(last=last))
        last = following
    return Release("next", folder)
