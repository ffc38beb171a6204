"""The goatfish command on the test database, in a transaction; test_processes.py runs it as a process."""

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
    RunRow,
    SimulationRow,
)
from app.cli.commands import commands
from app.cli.use_case_runner import operator_context
from config.loading import load
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
    """An empty working directory, settings with the test database, and commands on the test's own connection."""
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


def goatfish(*arguments: str, stdin: str = "") -> Result:
    done = CliRunner().invoke(commands, arguments, input=stdin)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def error_line(done: Result, status: int) -> str:
    """The error of a command that fails with this status; it must be one line."""
    assert (done.exit_code, done.stdout) == (status, ""), done.output
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_an_owner_and_a_key_can_be_created_listed_and_revoked() -> None:
    created = goatfish("owner", "create", "Acme")
    assert created.exit_code == 0, created.stderr
    assert created.stdout == f"{UUID(created.stdout.strip())}\n"
    assert error_line(goatfish("owner", "create", "Acme"), 1) == "An owner named 'Acme' exists.\n"
    owners = [line.split("\t") for line in goatfish("owner", "list").stdout.splitlines()]
    assert [created.stdout.strip(), "Acme"] in [owner[:2] for owner in owners]

    key = goatfish("key", "create", "Acme", "--name", "CI", "--scope", "simulations:read", "--expires-in", "90d")
    assert re.fullmatch(r"gf_\w{14}_\w{49}\n", key.stdout), key
    assert key.stdout.strip() not in key.stderr
    prefix = key.stdout[:17]
    listed = goatfish("key", "list", created.stdout.strip()).stdout.rstrip("\n").split("\t")
    assert listed[1:4] == [prefix, "CI", "simulations:read"]
    assert listed[5] > listed[4]
    assert listed[7] == ""
    assert listed[8] == operator_context().actor

    goatfish("owner", "create", "Beta")
    assert error_line(goatfish("key", "revoke", "Beta", prefix), 1) == "There is no such key.\n"
    assert goatfish("key", "revoke", "Acme", prefix).exit_code == 0
    assert goatfish("key", "revoke", "Acme", listed[0]).exit_code == 0
    goatfish("key", "create", "Acme")
    newer, older = (line.split("\t") for line in goatfish("key", "list", "Acme").stdout.splitlines())
    assert older[7] != ""
    assert newer[3] == " ".join(sorted(Scope))
    assert newer[5] == newer[7] == ""


def test_a_key_can_be_rolled_by_id_or_prefix() -> None:
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
    same_lifetime, _, _ = (line.split("\t") for line in goatfish("key", "list", "Acme").stdout.splitlines())
    made_at, end = (datetime.fromisoformat(text) for text in (same_lifetime[4], same_lifetime[5]))
    assert timedelta(days=90) - timedelta(seconds=2) < end - made_at < timedelta(days=90, seconds=2)
    assert "never expires" in goatfish("key", "roll", "Acme", same_lifetime[1], "--expires-in", "never").stderr
    assert goatfish("key", "roll", "Acme", same_lifetime[1], "--expires-in", "soon").exit_code == 2
    goatfish("key", "revoke", "Acme", new[1])
    error = error_line(goatfish("key", "roll", "Acme", new[1]), 1)
    assert error == "The key is revoked or expired. Create a new one.\n"
    assert "not longer than 30 days" in error_line(goatfish("key", "roll", "Acme", old[0], "--overlap", "31d"), 1)


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
def test_a_failing_command_prints_one_line(arguments: tuple[str, ...], status: int) -> None:
    done = goatfish(*arguments)
    assert (done.exit_code, done.stdout) == (status, "")
    assert re.fullmatch(r".+\n", done.stderr)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--scope", "everything"), "'everything' is not one of simulations:read"),
        (("--expires-in", "soon"), "is written like 90d"),
        (("--expires-in", "0d"), "must be more than 0"),
    ],
)
def test_an_invalid_option_is_rejected(option: tuple[str, str], message: str) -> None:
    done = goatfish("key", "create", "Acme", *option)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "Value error" not in done.stderr


def test_creating_a_key_for_a_deactivated_owner_warns() -> None:
    owner = goatfish("owner", "create", "Acme").stdout.strip()
    goatfish("owner", "deactivate", "Acme")
    created = goatfish("key", "create", "Acme")
    assert f"'Acme' is deactivated: the key is rejected until goatfish owner activate {owner}\n" in created.stderr
    goatfish("owner", "activate", "Acme")
    assert "deactivated" not in goatfish("key", "create", "Acme").stderr


def test_up_fails_for_a_deactivated_demo_owner_and_keeps_its_key(tmp_path: Path) -> None:
    goatfish("owner", "create", "demo")
    key = goatfish("key", "create", "demo").stdout
    goatfish("owner", "deactivate", "demo")
    (tmp_path / "var").mkdir(exist_ok=True)
    kept = tmp_path / "var" / "demo.key"
    kept.write_text(key)
    assert "goatfish owner activate demo" in error_line(goatfish("up", "--port", "0"), 1)
    assert kept.read_text() == key


def test_migrating_again_changes_nothing() -> None:
    assert "was already up to date" in goatfish("migrate").stderr


def test_an_operator_needs_a_new_name_and_a_strong_password() -> None:
    create = ("operator", "create", "boss", "--password-stdin")
    assert "too short" in error_line(goatfish(*create, stdin="1234\n"), 1)
    assert goatfish(*create, stdin="correct horse battery\n").exit_code == 0
    assert error_line(goatfish(*create, stdin="correct horse battery\n"), 1) == "An operator named 'boss' exists.\n"


def test_each_seed_adds_new_owners() -> None:
    owners = [goatfish("seed", "--owners", "2", "--each", "25").stdout.split() for _ in range(2)]
    assert len({*owners[0], *owners[1]}) == 4
    counts = [SimulationRow.objects.filter(owner_id=owner).count() for batch in owners for owner in batch]
    assert sorted(counts) == [12, 12, 13, 13]
    assert not RunRow.objects.filter(owner_id__in=[*owners[0], *owners[1]]).exists()


def test_runs_are_seeded_for_the_simulations_of_each_owner() -> None:
    done = goatfish("seed", "--owners", "2", "--each", "4", "--runs", "101")
    assert done.stderr.endswith("4 simulations and 101 runs are created for new owners (2), with these ids:\n")
    runs = [RunRow.objects.filter(owner_id=owner) for owner in done.stdout.split()]
    assert sorted(each.count() for each in runs) == [50, 51]
    for owner, each in zip(done.stdout.split(), runs, strict=True):
        simulations = SimulationRow.objects.filter(owner_id=owner).values_list("id", flat=True)
        assert {*each.values_list("simulation_id", flat=True)} <= {*simulations}


def test_runs_without_simulations_are_not_seeded() -> None:
    done = goatfish("seed", "--owners", "2", "--each", "1", "--runs", "1")
    assert done.exit_code == 2
    assert "Runs need a simulation of each owner" in done.stderr


def test_purge_deletes_and_counts_expired_idempotency_records_only() -> None:
    now, owner = datetime.now(UTC), uuid4()
    for hours in (23, 25, 26):
        made_at = now - timedelta(hours=hours)
        IdempotencyRow.objects.create(id=uuid4(), owner_id=owner, created_at=made_at, operation="o", key=str(hours))
    done = goatfish("purge")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.startswith("2 expired idempotency records")
    assert [row.key for row in IdempotencyRow.objects.filter(owner_id=owner)] == ["23"]


def test_purge_deletes_revisions_only_with_a_retention_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = goatfish("owner", "create", "Acme").stdout.strip()
    count = ChangeCountRow.objects.filter(owner_id=owner)
    count.update(last=3)
    (created,) = RevisionRow.objects.filter(owner_id=owner).values()
    for number, days in ((2, 31), (3, 29)):
        at = datetime.now(UTC) - timedelta(days=days)
        RevisionRow.objects.create(**{**created, "id": uuid4(), "number": number, "version": number, "created_at": at})
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


def test_the_doctor_reports_no_error_for_a_migrated_database() -> None:
    done = goatfish("doctor")
    assert (done.exit_code, done.stdout.count("ERROR")) == (0, 0), done.stdout


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"SECRET_KEY": "abc" * 20}, "is easy to guess"),
        ({"SECRET_KEY_PREVIOUS_FILE": "/no"}, "GOATFISH_SECRET_KEY_PREVIOUS_FILE: names /no, which cannot be read: No"),
        ({"SECRET_KEY_FILE": "/no"}, "GOATFISH_SECRET_KEY_FILE: is given beside the setting itself"),
        ({"POOL_SIZE": "0"}, "GOATFISH_POOL_SIZE: must be at least 1"),
        ({"ALOWED_HOSTS": "x"}, "Did you mean GOATFISH_ALLOWED_HOSTS? Host names under which"),
        ({"ALLOWED_HOSTS": "a.example:80"}, "GOATFISH_ALLOWED_HOSTS: must be host names, got 'a.example:80' (a port)"),
        ({"PUBLIC_URL": "https://a.example", "HTTPS": "0"}, "GOATFISH_HTTPS: contradicts GOATFISH_PUBLIC_URL"),
        ({"DATABASE_URL": "sqlite:///new/empty.sqlite3"}, "There is no database at"),
        ({"OPERATOR_DATABASE_URL": "sqlite:///other.sqlite3"}, "but operators use another database"),
    ],
)
def test_the_doctor_reports_wrong_settings(
    variables: dict[str, str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"GOATFISH_{name}", value)
    assert message in doctor_errors(goatfish("doctor"))
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_reports_an_unapplied_migration() -> None:
    MigrationRecorder.Migration.objects.filter(app="goatfish").latest("id").delete()
    assert "1 migrations are not applied" in doctor_errors(goatfish("doctor"))


def test_the_doctor_reports_an_unreadable_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"GOATFISH_LOG_LEVEL=\xff\n")
    assert ".env cannot be read" in doctor_errors(goatfish("doctor"))


def doctor_errors(done: Result) -> str:
    """The ERROR lines of a failing doctor."""
    assert done.exit_code == 1, done.output
    return "\n".join(line for line in done.stdout.splitlines() if line.startswith("ERROR"))


def test_django_commands_are_available() -> None:
    done = goatfish("django", "showmigrations", "--plan", "goatfish")
    assert done.exit_code == 0
    assert "[X]  goatfish.0001_initial" in done.stdout
