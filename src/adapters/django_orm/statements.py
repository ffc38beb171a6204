"""SQL compiled once from QuerySets: a request binds values to it and pays for nothing else of the ORM."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar, cast

from django.db import connections, models
from django.db.models.expressions import Expression, Func
from django.db.models.sql import DeleteQuery, Query, UpdateQuery

from domain.tenancy import OwnerId

T = TypeVar("T")
Values: TypeAlias = Mapping[str, Any]
Rows: TypeAlias = Sequence[Sequence[Any]]
Encode: TypeAlias = Callable[[Any], Any]
Codec: TypeAlias = tuple[Encode | None, Encode | None]


class Param(Expression):
    """A place in a QuerySet that each run fills with the value of this name."""

    def __init__(self, name: str, field: models.Field[Any, Any]) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [self]


class Beyond(Func):
    """Whether a row's (value, id) comes after another's, as one comparison of rows: an index starts right there.

    Compared one by one, with ``OR``, all rows that tie on the value would be read on every page.
    """

    output_field = models.BooleanField()

    def __init__(self, *value_id_value_id: Any, descending: bool) -> None:
        super().__init__(*value_id_value_id)
        self.sign = "<" if descending else ">"

    def as_sql(  # type: ignore[override]  # -- it has no template, and its parameters are Params
        self, compiler: Any, connection: Any
    ) -> tuple[str, list[Any]]:
        parts = [compiler.compile(expression) for expression in self.get_source_expressions()]
        (value, id, there, there_id) = (sql for sql, _ in parts)
        params = [param for _, params in parts for param in params]
        return f"({value}, {id}) {self.sign} ({there}, {there_id})", params


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL in its executor's own dialect, and what turns values into arguments and rows back into values."""

    sql: str
    encoders: tuple[tuple[str, Encode | None], ...]
    decoders: tuple[Encode | None, ...]

    def arguments(self, values: Values) -> list[Any]:
        return [values[name] if encode is None else encode(values[name]) for name, encode in self.encoders]

    def decoded(self, rows: Iterable[Sequence[Any]]) -> Rows:
        if not any(self.decoders):
            return rows if isinstance(rows, list) else list(rows)
        return [
            [value if decode is None else decode(value) for value, decode in zip(row, self.decoders, strict=True)]
            for row in rows
        ]


Step: TypeAlias = tuple[Statement, Values]
Work: TypeAlias = Generator[Step, Rows, T]
"""A transaction written as its steps: it yields statements, receives their rows and returns its result."""


class Blocked(Exception):
    """A lock was not to be had within the time that the transaction itself has set."""


class Executor(Protocol):
    """Runs statements. Every one passes here, beside the owner for whom it runs (None: before one is known)."""

    alias: str

    def codec(self, field: models.Field[Any, Any]) -> Codec:
        """What a value of this column needs on its way in and out; None where the driver does it."""
        ...

    def dialect(self, sql: str, fields: Sequence[models.Field[Any, Any] | None]) -> str:
        """The SQL with this driver's placeholders for Django's ``%s``, each of which stands for a value of a field."""
        ...

    async def fetch(self, owner: OwnerId | None, statement: Statement, values: Values) -> Rows:
        """Reads with one statement, outside of a transaction. Raises ``Unavailable``."""
        ...

    async def transact(self, owner: OwnerId | None, work: Work[T]) -> T:
        """Runs the work in one transaction, rolled back whatever it raises.

        Raises ``Unavailable``, ``Conflict`` where a unique value is taken, and ``Blocked``.
        """
        ...


class Compiler:
    """Makes the statements of one executor."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def select(self, rows: models.QuerySet[Any, Any], *columns: str, suffix: str = "") -> Statement:
        """SELECT of these columns; ``suffix`` may hold ``%s`` for the value named ``limit``."""
        sql, params = self._sql(rows.values_list(*columns).query)
        limit = [("limit", None)] * suffix.count("%s")
        return self._statement(sql + suffix, params, limit, [_field(rows.model, name) for name in columns])

    def locked(self, rows: models.QuerySet[Any, Any], *columns: str) -> Statement:
        """The same, and the rows stay as they are until the transaction ends (SQLite locks by itself)."""
        connection = connections[self._executor.alias]
        lock = connection.ops.for_update_sql() if connection.features.has_select_for_update else ""
        return self.select(rows, *columns, suffix=f" {lock}".rstrip())

    def insert(
        self, model: type[models.Model], columns: Sequence[str], *, suffix: str = "", more: Sequence[Param] = ()
    ) -> Statement:
        """INSERT of one row; ``suffix`` may hold ``%s`` for each of ``more``."""
        fields = [_field(model, name) for name in columns]
        quote = connections[self._executor.alias].ops.quote_name
        names = ", ".join(quote(field.column) for field in fields)
        places = ", ".join(["%s"] * len(fields))
        sql = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({places}){suffix}"  # noqa: S608 -- names of ours
        return self._statement(sql, [*(Param(name, field) for name, field in zip(columns, fields, strict=True)), *more])

    def update(self, rows: models.QuerySet[Any, Any], columns: Sequence[str]) -> Statement:
        query = cast(UpdateQuery, rows.query.chain(UpdateQuery))
        changes = [(field := _field(rows.model, name), None, Param(name, field)) for name in columns]
        query.add_update_fields(changes)  # type: ignore[arg-type]  # -- any expression will do, not only a Case
        return self._statement(*self._sql(query))

    def delete(self, rows: models.QuerySet[Any, Any], *, suffix: str = "") -> Statement:
        sql, params = self._sql(rows.query.chain(DeleteQuery))
        return self._statement(sql + suffix, params)

    def _sql(self, query: Query) -> tuple[str, Sequence[Any]]:
        sql, params = query.get_compiler(using=self._executor.alias).as_sql()
        return sql, params

    def _statement(
        self,
        sql: str,
        params: Sequence[Param],
        more: Sequence[tuple[str, Encode | None]] = (),
        columns: Sequence[models.Field[Any, Any]] = (),
    ) -> Statement:
        codec = self._executor.codec
        return Statement(
            self._executor.dialect(sql, [*(param.field for param in params), *(None for _ in more)]),
            (*((param.name, codec(param.field)[0]) for param in params), *more),
            tuple(codec(field)[1] for field in columns),
        )


def _field(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    *path, name = name.split("__")
    for part in path:
        related = model._meta.get_field(part).related_model
        model = cast(type[models.Model], related)
    return cast("models.Field[Any, Any]", model._meta.get_field(name))
