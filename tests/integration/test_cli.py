"""The goatfish command over each database, in the test's own transaction; as a process it is in test_processes.py."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.db.migrations.recorder import MigrationRecorder
from typer.testing import CliRunner, Result

from adapters.django_orm import bootstrap, management
from adapters.django_orm.models import (
    ChangeCountRow,
    IdempotencyRow,
    RevisionRow,
    SimulationRow,
)
from app.cli.commands import commands
from app.cli.use_case_runner import operator_context
from config.settings import load
from domain.access.scopes import Scope
from tests.integration.conftest import VENDOR, MakeStorage

pytestmark = pytest.mark.usefixtures("configured", "quick_passwords")


@pytest.fixture
def configured(
    lend: MakeStorage,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[None]:
    """An empty directory, the test's database in the settings, and its connection wherever a command takes one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOATFISH_DATABASE_URL", database_url)
    monkeypatch.delenv("GOATFISH_OPERATOR_DATABASE_URL", raising=False)
    if VENDOR == "postgresql":
        monkeypatch.setenv("GOATFISH_OPERATOR_DATABASE_URL", request.getfixturevalue("operator_url"))
    monkeypatch.setattr(bootstrap, "django_storage", lambda **_: lend())
    monkeypatch.setattr(management, "disconnect", lambda: None)
    load.cache_clear()
    yield
    load.cache_clear()


def goatfish(*arguments: str, entered: str = "") -> Result:
    done = CliRunner().invoke(commands, arguments, input=entered)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def complaint(done: Result, status: int) -> str:
    """The one line that a command leaves when it fails with this status."""
    assert (done.exit_code, done.stdout) == (status, ""), done.output
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_an_owner_and_a_key_from_the_first_to_the_last() -> None:
    made = goatfish("owner", "create", "Acme")
    assert made.exit_code == 0, made.stderr
    assert made.stdout == f"{UUID(made.stdout.strip())}\n"
    assert complaint(goatfish("owner", "create", "Acme"), 1) == "An owner named 'Acme' exists.\n"
    owners = [line.split("\t") for line in goatfish("owner", "list").stdout.splitlines()]
    assert [made.stdout.strip(), "Acme"] in [owner[:2] for owner in owners]

    key = goatfish("key", "create", "Acme", "--name", "CI", "--scope", "simulations:read", "--expires-in", "90d")
    assert re.fullmatch(r"gf_\w{14}_\w{49}\n", key.stdout), key
    assert key.stdout.strip() not in key.stderr
    prefix = key.stdout[:17]
    listed = goatfish("key", "list", made.stdout.strip()).stdout.rstrip("\n").split("\t")
    assert listed[1:4] == [prefix, "CI", "simulations:read"]
    assert listed[5] > listed[4]
    assert listed[7] == ""
    assert listed[8] == operator_context().actor

    goatfish("owner", "create", "Beta")
    assert complaint(goatfish("key", "revoke", "Beta", prefix), 1) == "There is no such key.\n"
    assert goatfish("key", "revoke", "Acme", prefix).exit_code == 0
    assert goatfish("key", "revoke", "Acme", listed[0]).exit_code == 0
    goatfish("key", "create", "Acme")
    newer, older = (line.split("\t") for line in goatfish("key", "list", "Acme").stdout.splitlines())
    assert older[7] != ""
    assert newer[3] == " ".join(sorted(Scope))
    assert newer[5] == newer[7] == ""


def test_a_key_is_rolled_by_its_id_or_prefix() -> None:
    goatfish("owner", "create", "Acme")
    goatfish("key", "create", "Acme", "--name", "CI", "--scope", "simulations:read")
    old = goatfish("key", "list", "Acme").stdout.split("\t")
    first = goatfish("key", "roll", "Acme", old[0], "--overlap", "12h", "--expires-in", "90d")
    assert re.fullmatch(r"gf_\w{14}_\w{49}\n", first.stdout), first
    assert first.stdout.strip() not in first.stderr
    new, replaced = (line.split("\t") for line in goatfish("key", "list", "Acme").stdout.splitlines())
    assert new[1:4] == [first.stdout[:17], *old[2:4]]
    made_at, end = (datetime.fromisoformat(text) for text in (new[4], replaced[5]))
    assert timedelta(hours=12) <= end - made_at < timedelta(hours=12, seconds=2)
    assert new[5] > replaced[5]
    assert goatfish("key", "roll", "Acme", new[1], "--overlap", "30d").exit_code == 0
    as_long, _, _ = (line.split("\t") for line in goatfish("key", "list", "Acme").stdout.splitlines())
    made_at, end = (datetime.fromisoformat(text) for text in (as_long[4], as_long[5]))
    assert timedelta(days=90) - timedelta(seconds=2) < end - made_at < timedelta(days=90, seconds=2)
    assert "never expires" in goatfish("key", "roll", "Acme", as_long[1], "--expires-in", "never").stderr
    assert goatfish("key", "roll", "Acme", as_long[1], "--expires-in", "soon").exit_code == 2
    goatfish("key", "revoke", "Acme", new[1])
    assert complaint(goatfish("key", "roll", "Acme", new[1]), 1) == "The key is revoked or expired. Create a new one.\n"
    assert "not longer than 30 days" in complaint(goatfish("key", "roll", "Acme", old[0], "--overlap", "31d"), 1)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("key", "create", "Nobody"), 1),
        (("owner", "create", " "), 1),
        (("serve", "--host", "nowhere.invalid"), 1),
        (("serve", "--reload", "--workers", "2"), 2),
        (("operator", "create", "boss"), 2),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: tuple[str, ...], status: int) -> None:
    done = goatfish(*arguments)
    assert (done.exit_code, done.stdout) == (status, "")
    assert re.fullmatch(r".+\n", done.stderr)


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("--scope", "everything"), "'everything' is not one of simulations:read"),
        (("--expires-in", "soon"), "is written like 90d"),
        (("--expires-in", "0d"), "must be more than 0"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(option: tuple[str, str], words: str) -> None:
    done = goatfish("key", "create", "Acme", *option)
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "Value error" not in done.stderr


def test_a_key_of_a_deactivated_owner_is_made_with_a_word_about_it() -> None:
    owner = goatfish("owner", "create", "Acme").stdout.strip()
    goatfish("owner", "deactivate", "Acme")
    made = goatfish("key", "create", "Acme")
    assert f"'Acme' is deactivated: the key is rejected until goatfish owner activate {owner}\n" in made.stderr
    goatfish("owner", "activate", "Acme")
    assert "deactivated" not in goatfish("key", "create", "Acme").stderr


def test_up_says_that_the_demo_owner_is_deactivated_and_leaves_its_key(tmp_path: Path) -> None:
    goatfish("owner", "create", "demo")
    key = goatfish("key", "create", "demo").stdout
    goatfish("owner", "deactivate", "demo")
    (tmp_path / "var").mkdir(exist_ok=True)
    kept = tmp_path / "var" / "demo.key"
    kept.write_text(key)
    assert "goatfish owner activate demo" in complaint(goatfish("up", "--port", "0"), 1)
    assert kept.read_text() == key


def test_migrating_again_changes_nothing() -> None:
    assert "was already up to date" in goatfish("migrate").stderr


def test_an_operator_is_made_once_and_with_a_good_password() -> None:
    create = ("operator", "create", "boss", "--password-stdin")
    assert "too short" in complaint(goatfish(*create, entered="1234\n"), 1)
    assert goatfish(*create, entered="correct horse battery\n").exit_code == 0
    assert complaint(goatfish(*create, entered="correct horse battery\n"), 1) == "An operator named 'boss' exists.\n"


def test_seeding_twice_adds_twice() -> None:
    owners = [goatfish("seed", "--owners", "2", "--each", "25").stdout.split() for _ in range(2)]
    assert len({*owners[0], *owners[1]}) == 4
    counts = [SimulationRow.objects.filter(owner_id=owner).count() for batch in owners for owner in batch]
    assert sorted(counts) == [12, 12, 13, 13]


def test_purging_deletes_old_outcomes_alone_and_says_how_many() -> None:
    now, owner = datetime.now(UTC), uuid4()
    for hours in (23, 25, 26):
        made_at = now - timedelta(hours=hours)
        IdempotencyRow.objects.create(id=uuid4(), owner_id=owner, created_at=made_at, operation="o", key=str(hours))
    done = goatfish("purge")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.startswith("2 expired idempotency records")
    assert [row.key for row in IdempotencyRow.objects.filter(owner_id=owner)] == ["23"]


def test_revisions_are_kept_for_ever_unless_a_setting_says_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = goatfish("owner", "create", "Acme").stdout.strip()
    count = ChangeCountRow.objects.filter(owner_id=owner)
    count.update(last=3)
    (made,) = RevisionRow.objects.filter(owner_id=owner).values()
    for number, days in ((2, 31), (3, 29)):
        at = datetime.now(UTC) - timedelta(days=days)
        RevisionRow.objects.create(**{**made, "id": uuid4(), "number": number, "created_at": at})
    kept = RevisionRow.objects.filter(owner_id=owner)
    assert "No revisions are deleted: GOATFISH_REVISIONS_KEPT is not set" in goatfish("purge").stderr
    assert kept.count() == 3
    monkeypatch.setenv("GOATFISH_REVISIONS_KEPT", "30")
    load.cache_clear()
    assert "0 revisions older than 30 days are deleted." in goatfish("purge").stderr
    count.update(purged_through=1)
    kept.filter(number=1).delete()
    assert "1 revisions older than 30 days are deleted." in goatfish("purge").stderr
    assert [row.number for row in kept] == [3]
    assert count.get().purged_through == 2


def test_the_doctor_finds_nothing_wrong_with_a_database_that_is_up_to_date() -> None:
    done = goatfish("doctor")
    assert (done.exit_code, done.stdout.count("ERROR")) == (0, 0), done.stdout


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"SECRET_KEY": "abc" * 20}, "is easy to guess"),
        ({"POOL_SIZE": "0"}, "GOATFISH_POOL_SIZE: must be at least 1"),
        ({"ALOWED_HOSTS": "x"}, "Did you mean GOATFISH_ALLOWED_HOSTS?"),
        ({"DATABASE_URL": "sqlite:///new/empty.sqlite3"}, "There is no database at"),
        ({"OPERATOR_DATABASE_URL": "sqlite:///other.sqlite3"}, "but operators use another database"),
    ],
)
def test_the_doctor_says_what_is_wrong(
    variables: dict[str, str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"GOATFISH_{name}", value)
    assert words in wrong(goatfish("doctor"))
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_misses_a_migration() -> None:
    MigrationRecorder.Migration.objects.filter(app="goatfish").latest("id").delete()
    assert "1 migrations are not applied" in wrong(goatfish("doctor"))


def test_the_doctor_says_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"GOATFISH_LOG_LEVEL=\xff\n")
    assert ".env cannot be read" in wrong(goatfish("doctor"))


def wrong(done: Result) -> str:
    """What a doctor who finds something wrong says of it."""
    assert done.exit_code == 1, done.output
    return "\n".join(line for line in done.stdout.splitlines() if line.startswith("ERROR"))


def test_every_command_of_djangos_is_there() -> None:
    done = goatfish("django", "showmigrations", "--plan", "goatfish")
    assert done.exit_code == 0
    assert "[X]  goatfish.0001_initial" in done.stdout
