"""Brings a file of one owner back, all of it or nothing; what no owner could have made is refused with its line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import IO, TYPE_CHECKING, Any

import msgspec
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Exists, Max, OuterRef

from adapters.django_orm.apps import owned_models
from adapters.django_orm.columns import references_in
from adapters.django_orm.management import reachable
from adapters.django_orm.models import ChangeCountRow, OwnerRow, RevisionRow
from adapters.django_orm.tenant_data.bulk_copy import copy_rows
from adapters.django_orm.tenant_data.file_format import (
    FORMAT,
    ROW_BEGINS,
    VERSION,
    Closing,
    Header,
    row_decoder,
    row_type,
)
from adapters.django_orm.tenant_data.import_validation import RowValidator
from adapters.django_orm.tenant_data.snapshots import InvalidSnapshot, SnapshotReader, check_members
from adapters.django_orm.tenant_tables import counted, tenant_tables
from domain.errors import Conflict, Invalid, Violation

if TYPE_CHECKING:
    from uuid import UUID

    from django.db import models

    from adapters.django_orm.repositories.reader import Reader

WRITTEN_AT_ONCE = 4000
"""Rows that are held at a time, unless they are large."""
LINE_MAX = BYTES_AT_ONCE = 16 << 20
"""Bytes: more than any row has, and with how many no further row is held."""


def import_owner(
    file: IO[bytes],
    tables: dict[type[models.Model], Reader[Any]],
    name: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[Header, dict[str, int]]:
    """Stores what the file has, in one transaction; ``name`` is the owner's from now on, if it is given.

    ``tables`` say which entity a row is; ``progress`` is told how many bytes have been read. Gives the file's header
    and how many rows of each table there were. Raises ``Invalid`` for what is wrong with the file, ``Conflict`` where
    the owner, its name or a row is here already, and ``Unavailable``.
    """
    lines = _Lines(file, progress)
    with reachable():
        try:
            with transaction.atomic():
                header = _header(lines)
                if any(counted(header.owner).values()):
                    raise Conflict("owner_exists", f"Owner {header.owner} is here already.")
                _defer_references()
                counts = _store(lines, header, tables, name)
                _check_references(header.owner)
                _check_numbers(header.owner)
                _check_versions(header.owner, tables)
        except IntegrityError as error:
            detail = " ".join(str(error).split())
            raise Conflict("already_exists", f"Something in the file is here already: {detail}") from error
    return header, counts


class _Lines:
    """The lines of a file, one at a time, and the number and length of the last one."""

    def __init__(self, file: IO[bytes], progress: Callable[[int], None]) -> None:
        self._file, self._progress = file, progress
        self.number = self.length = 0

    def __iter__(self) -> Iterator[bytes]:
        read = 0
        while line := self._file.readline(LINE_MAX):
            self.number += 1
            self.length = len(line)
            read += self.length
            if not self.number % WRITTEN_AT_ONCE:
                self._progress(read)
                read = 0
            if not line.endswith(b"\n"):
                raise self.wrong("it has no end, so the file is cut off")
            try:
                check_members(line.decode())
            except UnicodeDecodeError as error:
                raise self.wrong("it is not UTF-8") from error
            except InvalidSnapshot as error:
                raise self.wrong(error) from error
            yield line
        self._progress(read)

    def wrong(self, what: object) -> Invalid:
        """What to raise because of the last line."""
        return Invalid([Violation(f"line {self.number}", "malformed", f"Line {self.number}: {what}.")])


def _header(lines: _Lines) -> Header:
    try:
        header = msgspec.json.decode(next(iter(lines), b""), type=Header)
    except msgspec.MsgspecError as error:
        raise Invalid([Violation("header", "malformed", "This is no file of an owner: it has no header.")]) from error
    if (header.format, header.version) != (FORMAT, VERSION):
        told = f"This is {header.format!r}, version {header.version}; only {FORMAT!r}, version {VERSION} can be read."
        raise Invalid([Violation("header", "unknown_format", told)])
    return header


def _store(
    lines: _Lines, header: Header, entities: dict[type[models.Model], Reader[Any]], name: str | None
) -> dict[str, int]:
    tables = {table.name: table for table in tenant_tables()}
    states = SnapshotReader({rows.entity.KIND: rows for model, rows in entities.items() if model is not RevisionRow})
    checks = {
        table.name: RowValidator(table, entities.get(table.model), header.owner, name, states)
        for table in tables.values()
    }
    counts = dict.fromkeys(tables, 0)
    for table, rows in groupby(_rows(lines, checks, counts), key=itemgetter(0)):
        for chunk in _chunks(lines, rows):
            copy_rows(tables[table].model, chunk)
    if counts[OwnerRow._meta.db_table] != 1:
        raise Invalid([Violation("owner", "missing", "The file has no row of the owner itself, or several.")])
    return counts


def _chunks(lines: _Lines, rows: Iterable[tuple[str, tuple[Any, ...]]]) -> Iterator[list[tuple[Any, ...]]]:
    """The values of these rows, as many at a time as may be held."""
    chunk: list[tuple[Any, ...]] = []
    size = 0
    for _, values in rows:
        chunk.append(values)
        size += lines.length
        if len(chunk) >= WRITTEN_AT_ONCE or size >= BYTES_AT_ONCE:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _rows(
    lines: _Lines, checks: dict[str, RowValidator], counts: dict[str, int]
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The table and the values of each row, which are counted; the last line must have counted as many."""
    types = {row_type(table): table.name for table in tenant_tables()}
    decode = row_decoder(types).decode
    for line in lines:
        try:
            if not line.startswith(ROW_BEGINS):
                break
            row = decode(line)
            name = types[type(row)]
            values = checks[name](row)
        except (msgspec.MsgspecError, InvalidSnapshot) as error:
            raise lines.wrong(error) from error
        counts[name] += 1
        yield name, values
    else:
        raise Invalid([Violation("closing", "missing", "The file is cut off: its closing line is missing.")])
    try:
        closing = msgspec.json.decode(line, type=Closing)
    except msgspec.MsgspecError as error:
        raise lines.wrong("it is neither a row nor the closing line") from error
    if +Counter(closing.rows) != +Counter(counts):
        raise lines.wrong("the file has not the rows that it says it has")
    for _ in lines:
        raise lines.wrong("nothing may follow the closing line")


def _defer_references() -> None:
    """Rows of a file may come before those that they refer to."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _check_references(owner: UUID) -> None:
    """Whatever a row of the file refers to is in the file too."""
    models = {model._meta.db_table: model for model in owned_models()}
    for model in models.values():
        for field in references_in(model):
            referred = models[field.to]._default_manager.filter(owner_id=owner, id=OuterRef(field.name))
            rows = model._default_manager.filter((f"{field.name}__isnull", False), owner_id=owner)
            if rows.filter(~Exists(referred)).exists():
                told = f"A {model._meta.verbose_name} in the file refers by {field.name} to what is not in it."
                raise Invalid([Violation(field.name, f"unknown_{field.to}", told)])


def _check_numbers(owner: UUID) -> None:
    """Revisions are numbered without a gap up to the owner's count, or the next change would not find its place."""
    count = ChangeCountRow.objects.filter(owner_id=owner).first()
    last, purged_through = (count.last, count.purged_through) if count is not None else (0, 0)
    kept = RevisionRow.objects.filter(owner_id=owner, number__gt=purged_through)
    found = kept.aggregate(rows=Count("number"), last=Max("number"))
    if found["rows"] != last - purged_through or (found["last"] or 0) > last:
        told = "The revisions in the file are not those that its count of changes tells of."
        raise Invalid([Violation("change_count", "mismatch", told)])


def _check_versions(owner: UUID, entities: dict[type[models.Model], Reader[Any]]) -> None:
    """No version is told of twice, and nothing stored is older than its revisions: its next version is a new one."""
    revisions = RevisionRow.objects.filter(owner_id=owner)
    wrong = revisions.values("kind", "entity_id", "version").annotate(times=Count("id")).filter(times__gt=1).exists()
    for model, rows in entities.items():
        if model is not RevisionRow:
            older = model._default_manager.filter((rows.OWNER, owner), pk=OuterRef("entity_id"))
            older = older.filter(version__lt=OuterRef("version"))
            wrong = wrong or revisions.filter(Exists(older), kind=rows.entity.KIND).exists()
    if wrong:
        told = "The versions of something in the file are not those that its revisions tell of."
        raise Invalid([Violation("version", "mismatch", told)])
