"""Imports an exported owner, all of it or nothing; an invalid line is reported with its number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import IO, TYPE_CHECKING, Any

import msgspec
from django.db import IntegrityError, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.models import Count, Exists, Max, OuterRef

from adapters.django_orm.management import translate_database_errors
from adapters.django_orm.models import (
    ChangeCountRow,
    OwnerRow,
    RevisionRow,
    WebhookCursorRow,
    WebhookDeliveryRow,
    WebhookRow,
)
from adapters.django_orm.tenant_data.bulk_insert import insert_rows
from adapters.django_orm.tenant_data.file_format import (
    FORMAT,
    ROW_BEGINS,
    VERSION,
    Footer,
    Header,
    columns_added_later,
    row_decoder,
    row_type,
)
from adapters.django_orm.tenant_data.import_references import check_references, defer_references
from adapters.django_orm.tenant_data.import_validation import RowValidator
from adapters.django_orm.tenant_data.snapshots import InvalidSnapshot, SnapshotReader, check_members
from adapters.django_orm.tenant_tables import count_rows, tenant_tables
from domain.errors import Conflict, Invalid, Violation
from domain.webhooks.delivery import DeliveryCause

if TYPE_CHECKING:
    from uuid import UUID

    from django.db import models

    from adapters.django_orm.repositories.reader import Reader

IMPORT_CHUNK = 4000
"""Rows inserted at a time, unless they are large."""
LINE_MAX = CHUNK_BYTES_MAX = 16 << 20
"""Bytes: the most of a line, and of the lines in memory after which they are inserted."""


def import_owner(
    file: IO[bytes],
    tables: dict[type[models.Model], Reader[Any]],
    name: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[Header, dict[str, int]]:
    """Imports the file in one transaction; ``name``, if given, replaces the owner's.

    ``tables`` maps rows to entities; ``progress`` is called with the bytes read since its last call. Returns the header
    and how many rows of each table were imported. Raises ``Invalid`` for an invalid file, ``Conflict`` where the owner,
    its name or a row exists already, and ``Unavailable``.
    """
    lines = _Lines(file, progress)
    with translate_database_errors():
        try:
            with transaction.atomic():
                header = _header(lines)
                if any(count_rows(header.owner).values()):
                    raise Conflict("owner_exists", f"Owner {header.owner} exists already.")
                defer_references()
                counts = _store(lines, header, tables, name)
                check_references(header.owner)
                _check_revision_numbers(header.owner)
                _check_versions(header.owner, tables)
                _check_webhooks(header.owner)
        except IntegrityError as error:
            detail = f"A row of the file exists already, or is in it twice: {' '.join(str(error).split())}"
            raise Conflict("already_exists", detail) from error
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
            if not self.number % IMPORT_CHUNK:
                self._progress(read)
                read = 0
            if not line.endswith(b"\n"):
                raise self.error("it has no line end, so the file is truncated")
            try:
                check_members(line.decode())
            except UnicodeDecodeError as error:
                raise self.error("it is not UTF-8") from error
            except InvalidSnapshot as error:
                raise self.error(error) from error
            yield line
        self._progress(read)

    def error(self, what: object) -> Invalid:
        """The error to raise about the last line."""
        return Invalid([Violation(f"line {self.number}", "malformed", f"Line {self.number}: {what}.")])


def _header(lines: _Lines) -> Header:
    try:
        header = msgspec.json.decode(next(iter(lines), b""), type=Header)
    except msgspec.MsgspecError as error:
        raise Invalid([Violation("header", "malformed", "This is not an exported owner: it has no header.")]) from error
    if (header.format, header.version) != (FORMAT, VERSION):
        detail = f"This is {header.format!r}, version {header.version}; only {FORMAT!r}, version {VERSION} can be read."
        raise Invalid([Violation("header", "unknown_format", detail)])
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
            insert_rows(tables[table].model, chunk)
    if counts[OwnerRow._meta.db_table] != 1:
        raise Invalid([Violation("owner", "missing", "The file must have exactly one row of the table owner.")])
    return counts


def _chunks(lines: _Lines, rows: Iterable[tuple[str, tuple[Any, ...]]]) -> Iterator[list[tuple[Any, ...]]]:
    """The values of these rows, in chunks limited by number and size."""
    chunk: list[tuple[Any, ...]] = []
    size = 0
    for _, values in rows:
        chunk.append(values)
        size += lines.length
        if len(chunk) >= IMPORT_CHUNK or size >= CHUNK_BYTES_MAX:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _rows(
    lines: _Lines, checks: dict[str, RowValidator], counts: dict[str, int]
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The table and the values of each row, counting them; the footer must have the same counts."""
    migrations = MigrationLoader(None)  # reads all of them
    types = {row_type(table, columns_added_later(table, migrations)): table.name for table in tenant_tables()}
    decode = row_decoder(types).decode
    for line in lines:
        try:
            if not line.startswith(ROW_BEGINS):
                break
            row = decode(line)
            name = types[type(row)]
            values = checks[name](row)
        except (msgspec.MsgspecError, InvalidSnapshot) as error:
            raise lines.error(error) from error
        counts[name] += 1
        yield name, values
    else:
        raise Invalid(
            [Violation("footer", "missing", "The file is truncated: its last line, with the counts, is missing.")]
        )
    try:
        footer = msgspec.json.decode(line, type=Footer)
    except msgspec.MsgspecError as error:
        raise lines.error("it is neither a row nor the last line, with the counts") from error
    if +Counter(footer.rows) != +Counter(counts):
        raise lines.error("the counts do not match the rows of the file")
    for _ in lines:
        raise lines.error("nothing may follow the line with the counts")


def _check_revision_numbers(owner: UUID) -> None:
    """Revisions must be numbered without a gap up to the change count, from which the next one gets its number."""
    count = ChangeCountRow.objects.filter(owner_id=owner).first()
    last, purged_through = (count.last, count.purged_through) if count is not None else (0, 0)
    kept = RevisionRow.objects.filter(owner_id=owner, number__gt=purged_through)
    found = kept.aggregate(rows=Count("number"), last=Max("number"))
    if found["rows"] != last - purged_through or (found["last"] or 0) > last:
        detail = "The revisions in the file do not match its change count."
        raise Invalid([Violation("change_count", "mismatch", detail)])


def _check_versions(owner: UUID, entities: dict[type[models.Model], Reader[Any]]) -> None:
    """An entity has no revision newer than itself: its next version must be a new one."""
    for model, rows in entities.items():
        if model is RevisionRow:
            continue
        older = model._default_manager.filter((rows.OWNER, owner), pk=OuterRef("entity_id"))
        older = older.filter(version__lt=OuterRef("version"))
        if RevisionRow.objects.filter(Exists(older), owner_id=owner, kind=rows.entity.KIND).exists():
            detail = "The versions of an entity in the file do not match its revisions."
            raise Invalid([Violation("version", "mismatch", detail)])


def _check_webhooks(owner: UUID) -> None:
    """Each webhook must have its cursor, which is active while it is enabled, and no other may be there.

    The cause of a delivery must be one that there is.
    """
    webhooks, cursors = (model._default_manager.filter(owner_id=owner) for model in (WebhookRow, WebhookCursorRow))
    enabled, active = ({*rows.values_list("id", flag)} for rows, flag in ((webhooks, "enabled"), (cursors, "active")))
    causes = WebhookDeliveryRow.objects.filter(owner_id=owner).exclude(cause__in=[*DeliveryCause])
    if enabled != active or causes.exists():
        detail = "The webhooks in the file do not match their cursors or deliveries."
        raise Invalid([Violation("webhook_cursor", "mismatch", detail)])
