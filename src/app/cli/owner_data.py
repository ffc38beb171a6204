"""Erases an owner with all its data, exports it to a file, and imports such a file."""

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
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TaskProgressColumn, TimeElapsedColumn

from adapters.django_orm.bootstrap import django_storage
from app.cli.database import require_operators
from app.cli.owners import owner_members
from app.cli.terminal import MISCONFIGURED, console, fail, print_json, print_message, print_result, print_table
from app.cli.use_case_runner import run_use_case, with_use_cases
from domain.access.owner import Owner
from domain.errors import NotFound
from domain.repository import OwnerId
from domain.validation import as_id

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
STREAM = "-"
"""In place of a file name: stdin or stdout."""


def erase_owner(of: str, *, dry_run: bool, confirmed: bool, as_json: bool) -> None:
    require_operators()
    owner = _owner_to_erase(of)
    from adapters.django_orm.tenant_data import erasing  # models can be imported only once Django is set up

    rows = erasing.rows_per_table(owner.id)
    if dry_run:
        if as_json:
            print_json({"owner": owner.id, "rows": rows, "erased": False})
        else:
            print_table(("table", "rows"), ((name, str(count)) for name, count in rows.items()))
        print_message(f"Nothing was deleted. To erase: goatfish owner erase {owner.id}")
        return
    owner.wait_to_erase(datetime.now(UTC))
    if not confirmed:
        _confirm(owner, sum(rows.values()))
        owner = _owner_to_erase(owner.id)  # it may have been activated while the prompt waited
    time.sleep(owner.wait_to_erase(datetime.now(UTC)).total_seconds())
    erased = dict.fromkeys(rows, 0)
    with _progress(f"Erasing {owner.name!r}", MofNCompleteColumn(), total=sum(rows.values())) as (bar, task):
        for name, count in erasing.erase(owner.id):
            erased[name] += count
            bar.advance(task, count)
    print_message(f"Owner {owner.name!r} is erased: {_row_counts(erased)}. Checked again: no rows are left.")
    if as_json:
        print_json({"owner": owner.id, "rows": erased, "erased": True})


def _owner_to_erase(of: str | UUID) -> Owner:
    """The owner. One already erased is found by id while rows of it are left, by a request that was still running."""
    try:
        return asyncio.run(with_use_cases(lambda use_cases: use_cases.owners().get(of)))
    except NotFound:
        from adapters.django_orm.tenant_data import erasing

        id = as_id(of) if isinstance(of, str) else of
        if id is None or not any(erasing.rows_per_table(id).values()):
            raise
        return Owner(id=OwnerId(id), name=str(of), created_at=LONG_AGO, deactivated_at=LONG_AGO)


def _confirm(owner: Owner, rows: int) -> None:
    if not sys.stdin.isatty():
        fail("stdin is not a terminal, so the command cannot ask for confirmation: use --yes.", MISCONFIGURED)
    print_message(f"All {rows} rows of owner {owner.name!r} ({owner.id}) will be deleted permanently.")
    if typer.prompt("Type the owner's name to erase it", err=True) != owner.name:
        fail("That is not its name. Nothing was deleted.")


def export_owner(of: str, output: str) -> None:
    owner = run_use_case(lambda use_cases: use_cases.owners().get(of))
    from adapters.django_orm.tenant_data.exporting import open_export

    with (
        _file_errors(),
        open_export(owner.id, datetime.now(UTC)) as (total, parts),
        _progress(f"Exporting {owner.name!r}", MofNCompleteColumn(), total=total) as (bar, task),
        _open_output(output) as file,
    ):
        for count, part in parts:
            file.write(part)
            bar.advance(task, count)
    print_message(f"Owner {owner.name!r} is exported, {total} rows. The file contains all its data: store it securely.")


def import_owner(source: str, name: str | None, *, as_json: bool) -> None:
    require_operators()
    from adapters.django_orm.tenant_data import importing

    # Only for the description of its tables; it connects to nothing.
    tables = django_storage(size=1).tables
    with (
        _file_errors(),
        _open_input(source) as (file, size),
        _progress("Importing", TaskProgressColumn(), total=size) as (bar, task),
    ):
        header, rows = importing.import_owner(file, tables, name, lambda count: bar.advance(task, count))
    owner = asyncio.run(with_use_cases(lambda use_cases: use_cases.owners().get(header.owner)))
    state = (
        ""
        if owner.deactivated_at is None
        else f" It is deactivated, as it was when exported. Next: goatfish owner activate {owner.id}"
    )
    print_message(f"Owner {owner.name!r} is imported: {_row_counts(rows)}.{state}")
    if as_json:
        print_json({**owner_members(owner), "rows": rows})
    else:
        print_result(str(owner.id))


def _row_counts(rows: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in rows.items() if count)


@contextmanager
def _progress(
    description: str, column: MofNCompleteColumn | TaskProgressColumn, *, total: int | None
) -> Iterator[tuple[Progress, TaskID]]:
    columns = ("{task.description}", BarColumn(), column, TimeElapsedColumn())
    # Transient, so that only the last message, or the error, is left on the terminal.
    is_terminal = sys.stderr.isatty()
    with Progress(*columns, console=console(stderr=True), transient=True, disable=not is_terminal) as progress:
        yield progress, progress.add_task(description, total=total)


@contextmanager
def _file_errors() -> Iterator[None]:
    """Ends the command with one line where a file cannot be read or written, and silently on a broken pipe."""
    try:
        yield
    except BrokenPipeError:
        # At exit Python flushes stdout, and would print an error about the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from None
    except OSError as error:
        fail(str(error))


@contextmanager
def _open_output(output: str) -> Iterator[IO[bytes]]:
    """A file to write to, with mode 0600, that replaces the one of that name only once it is complete."""
    path = Path(output)
    if output == STREAM:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if path.exists() and not path.is_file():  # a device or a pipe must not be replaced
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
def _open_input(source: str) -> Iterator[tuple[IO[bytes], int | None]]:
    """The file to read from, and its size where it has one."""
    if source == STREAM:
        yield sys.stdin.buffer, None
        return
    path = Path(source)
    with path.open("rb") as file:
        yield file, path.stat().st_size if path.is_file() else None
