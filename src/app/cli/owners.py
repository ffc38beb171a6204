"""An owner is shut out, let in again, erased with everything that is theirs, taken away in a file and brought back."""

import asyncio
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TaskProgressColumn, TimeElapsedColumn

from adapters.django_orm.bootstrap import django_storage, setup_django
from app.cli.database import require_migrations, require_operator
from app.cli.tenants import opened, operator_context, run
from app.cli.terminal import MISCONFIGURED, fail, moment, result, say, table
from domain.access.owner import Owner
from domain.errors import NotFound
from domain.repository import OwnerId
from domain.validation import as_id

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
STREAM = "-"
"""Instead of a file's name: the standard input or output."""


def deactivate_owner(of: str) -> None:
    owner = run(lambda use_cases: use_cases.owners().deactivate(of, operator_context()))
    within = f"{owner.SHUT_OUT_WITHIN.total_seconds():g} s"
    say(f"Owner {owner.name!r} is deactivated since {moment(owner.deactivated_at)}: within {within} no key opens.")


def activate_owner(of: str) -> None:
    owner = run(lambda use_cases: use_cases.owners().activate(of, operator_context()))
    say(f"Owner {owner.name!r} is active: the keys that are neither revoked nor expired open again.")


def erase_owner(of: str, *, dry_run: bool, confirmed: bool) -> None:
    owner = _to_erase(of)
    from adapters.django_orm.tenant_data import erasing  # models can be imported only once Django is set up

    rows = erasing.rows_of(owner.id)
    if dry_run:
        table(("table", "rows"), ((name, str(count)) for name, count in rows.items()))
        say(f"Nothing is changed. To erase: goatfish owner erase {owner.id}")
        return
    owner.wait_to_erase(datetime.now(UTC))
    if not confirmed:
        _confirm(owner, sum(rows.values()))
        owner = _to_erase(owner.id)  # somebody may have let it in again before the answer
    time.sleep(owner.wait_to_erase(datetime.now(UTC)).total_seconds())
    erased = dict.fromkeys(rows, 0)
    with _progress(f"Erasing {owner.name!r}", MofNCompleteColumn(), total=sum(rows.values())) as (bar, task):
        for name, count in erasing.erase(owner.id):
            erased[name] += count
            bar.advance(task, count)
    say(f"Owner {owner.name!r} is erased: {_told(erased)}. Looked once more: nothing is left.")


def _to_erase(of: str | UUID) -> Owner:
    """The owner; also one who is gone, by the id, where a request that was still under way has left something."""
    try:
        return run(lambda use_cases: use_cases.owners().get(of))
    except NotFound:
        from adapters.django_orm.tenant_data import erasing

        id = as_id(of) if isinstance(of, str) else of
        if id is None or not any(erasing.rows_of(id).values()):
            raise
        return Owner(id=OwnerId(id), name=str(of), created_at=LONG_AGO, deactivated_at=LONG_AGO)


def _confirm(owner: Owner, rows: int) -> None:
    if not sys.stdin.isatty():
        fail("There is no terminal to ask whether this is meant: use --yes.", MISCONFIGURED)
    say(f"All {rows} rows of owner {owner.name!r} ({owner.id}) will be gone for good.")
    if typer.prompt("Enter the owner's name to erase it", err=True) != owner.name:
        fail("That is not its name; nothing is erased.")


def export_owner(of: str, output: str) -> None:
    owner = run(lambda use_cases: use_cases.owners().get(of))
    from adapters.django_orm.tenant_data.exporting import exporting

    with (
        _said_plainly(),
        exporting(owner.id, datetime.now(UTC)) as (total, parts),
        _progress(f"Exporting {owner.name!r}", MofNCompleteColumn(), total=total) as (bar, task),
        _written(output) as file,
    ):
        for count, part in parts:
            file.write(part)
            bar.advance(task, count)
    say(f"Owner {owner.name!r} is exported, {total} rows. The file holds all that is theirs: keep it as secret.")


def import_owner(source: str, name: str | None) -> None:
    require_operator()
    require_migrations()
    setup_django()
    from adapters.django_orm.tenant_data import importing

    # Asked only what its rows are; it connects to nothing.
    tables = django_storage(size=1).tables
    with (
        _said_plainly(),
        _read(source) as (file, size),
        _progress("Importing", TaskProgressColumn(), total=size) as (bar, task),
    ):
        header, rows = importing.import_owner(file, tables, name, lambda count: bar.advance(task, count))
    owner = asyncio.run(opened(lambda use_cases: use_cases.owners().get(header.owner)))
    state = "" if owner.deactivated_at is None else f" Deactivated as it was; next: goatfish owner activate {owner.id}"
    say(f"Owner {owner.name!r} is imported: {_told(rows)}.{state}")
    result(str(owner.id))


def _told(rows: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in rows.items() if count)


@contextmanager
def _progress(
    description: str, column: MofNCompleteColumn | TaskProgressColumn, *, total: int | None
) -> Iterator[tuple[Progress, TaskID]]:
    columns = ("{task.description}", BarColumn(), column, TimeElapsedColumn())
    # Transient, so that what is said at the end, or the one line of a refusal, stands alone.
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield progress, progress.add_task(description, total=total)


@contextmanager
def _said_plainly() -> Iterator[None]:
    """A file that cannot be read or written is said in a line, and a reader who leaves early in none."""
    try:
        yield
    except BrokenPipeError:
        # Python would complain of what it still has to write when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except OSError as error:
        fail(str(error))


@contextmanager
def _written(output: str) -> Iterator[IO[bytes]]:
    """The file to write to, for its owner alone; under its name there is all of it or what was there before."""
    path = Path(output)
    if output == STREAM:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if path.exists() and not path.is_file():  # a device or a pipe, which is not to be replaced
        with path.open("wb") as file:
            yield file
        return
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()


@contextmanager
def _read(source: str) -> Iterator[tuple[IO[bytes], int | None]]:
    """The file to read from, and its size where it has one."""
    if source == STREAM:
        yield sys.stdin.buffer, None
        return
    path = Path(source)
    with path.open("rb") as file:
        yield file, path.stat().st_size if path.is_file() else None
