"""Erases an owner with all its data, exports it to a file, and imports such a file."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TaskProgressColumn, TimeElapsedColumn

from adapters.django_orm.bootstrap import django_storage
from adapters.django_orm.sql.failures import RolledBack, repeated
from app.cli.database import require_operators
from app.cli.files import is_replaced, open_input, open_output
from app.cli.owners import owner_members
from app.cli.terminal import MISCONFIGURED, console, fail, print_json, print_message, print_result, print_table
from app.cli.use_case_runner import run_use_case, with_use_cases
from domain.access.owner import Owner
from domain.errors import NotFound, Unavailable
from domain.repository import OwnerId
from domain.validation import as_id

if TYPE_CHECKING:
    from adapters.django_orm.tenant_data.file_format import Header

T = TypeVar("T")
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


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

    def erase() -> None:
        with _progress(f"Erasing {owner.name!r}", MofNCompleteColumn(), total=sum(rows.values())) as (bar, task):
            for name, count in erasing.erase(owner.id):
                erased[name] += count
                bar.advance(task, count)

    _repeated(erase, "It is not completely erased", may_repeat=lambda: False)  # each transaction has been repeated
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

    written = False

    def export() -> int:
        nonlocal written
        with (
            open_export(owner.id, datetime.now(UTC)) as (total, parts),
            _progress(f"Exporting {owner.name!r}", MofNCompleteColumn(), total=total) as (bar, task),
            open_output(output) as file,
        ):
            for count, part in parts:
                written = not is_replaced(output)
                file.write(part)
                bar.advance(task, count)
        return total

    total = _repeated(export, "The export is incomplete", may_repeat=lambda: not written)
    print_message(f"Owner {owner.name!r} is exported, {total} rows. The file contains all its data: store it securely.")


def import_owner(source: str, name: str | None, *, as_json: bool) -> None:
    require_operators()
    from adapters.django_orm.tenant_data import importing

    # Only for the description of its tables; it connects to nothing.
    tables = django_storage(size=1).tables
    with (
        open_input(source) as (file, size),
        _progress("Importing", TaskProgressColumn(), total=size) as (bar, task),
    ):
        begin = file.tell() if file.seekable() else None

        def import_from_begin() -> "tuple[Header, dict[str, int]]":
            if begin is not None:
                file.seek(begin)
                bar.reset(task)
            return importing.import_owner(file, tables, name, lambda count: bar.advance(task, count))

        header, rows = _repeated(import_from_begin, "Nothing was imported", may_repeat=lambda: begin is not None)
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


def _repeated(work: Callable[[], T], state: str, *, may_repeat: Callable[[], bool]) -> T:
    """What the work returns, which is repeated where PostgreSQL rolls it back and it may be. Raises ``Unavailable``.

    ``state`` says how things are where it was not completed.
    """

    def once() -> T:
        try:
            return work()
        except RolledBack as error:
            if may_repeat():
                raise
            raise Unavailable(f"{error}. {state}: run the command again.") from error

    try:
        return repeated(once)
    except RolledBack as error:
        raise Unavailable(f"{error}. {state}: run the command again.") from error


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
