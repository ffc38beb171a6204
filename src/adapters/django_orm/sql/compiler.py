"""Compiles QuerySets to SQL once, so that a request only binds values and does not run the ORM."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from operator import itemgetter
from typing import Any, Protocol, TypeAlias, cast

from django.db import connections, models
from django.db.models.expressions import Expression, Func
from django.db.models.sql import DeleteQuery, Query, UpdateQuery

from adapters.django_orm.sql.fair_semaphore import LOOKUPS, SERVICE

Values: TypeAlias = Mapping[str, Any]
Rows: TypeAlias = Sequence[Sequence[Any]]
Encode: TypeAlias = Callable[[Any], Any]
Codec: TypeAlias = tuple[Encode | None, Encode | None]


_FIRST = "named"
"""The query that sets the context of row-level security: the first step of a chain follows it."""


class RlsContext(StrEnum):
    """The PostgreSQL setting that a statement sets to the id of an owner or a key; policies compare rows with it.

    ``NOBODY`` is for operators' statements over all owners; with the API's role they would see no rows.
    """

    OWNER = "goatfish.owner"
    KEY = "goatfish.key"
    NOBODY = ""


class Param(Expression):
    """A parameter of a QuerySet, whose value is given by this name each time the statement runs."""

    def __init__(self, name: str, field: models.Field[Any, Any]) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [self]


def param(model: type[models.Model], column: str, name: str | None = None) -> Param:
    """A parameter with the type of this column, named like the column unless another name is given."""
    return Param(name or column, _field(model, column))


class KeysetAfter(Func):
    """Whether a row's (value, id) comes after another's, as a row comparison, so that an index scan starts right there.

    With separate comparisons and ``OR``, every page would read all rows with an equal value.
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


class _RlsContextIsSet(Expression):
    """Always true; makes PostgreSQL set the context of row-level security before it reads rows."""

    output_field = models.BooleanField()
    conditional = True

    def __init__(self) -> None:
        super().__init__(output_field=models.BooleanField())

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "(SELECT v FROM named) IS NOT NULL", []


@dataclass(frozen=True)
class Statement:
    """SQL in its executor's dialect, with the encoders of its arguments and the decoders of its rows."""

    sql: str
    encoders: tuple[tuple[str, Encode | None], ...]
    decoders: tuple[Encode | None, ...] = ()
    sets_context: bool = False
    """Whether the first argument is the owner's or key's id for row-level security."""
    rls: RlsContext = RlsContext.NOBODY
    searches: bool = False
    """Whether it is a list with filters, which may read many rows to find few, and has a timeout of its own."""

    def arguments(self, name: str, values: Values) -> list[Any]:
        bound = [name] if self.sets_context else []
        bound += self._bound(values)
        for place, encode in self._encoded:
            bound[place] = encode(bound[place])
        return bound

    def decoded(self, rows: Rows) -> Rows:
        if not self._decodes:
            return rows
        return [
            [value if decode is None else decode(value) for value, decode in zip(row, self.decoders, strict=True)]
            for row in rows
        ]

    # Computed once, since a statement runs in many requests.
    @cached_property
    def system_share(self) -> str:
        """The name under which it acquires a connection, if it runs for no owner; empty if it runs for one."""
        return {RlsContext.OWNER: "", RlsContext.KEY: LOOKUPS}.get(self.rls, SERVICE)

    @cached_property
    def _bound(self) -> Callable[[Values], Iterable[Any]]:
        names = [name for name, _ in self.encoders]
        return itemgetter(*names) if len(names) > 1 else lambda values: [values[name] for name in names]

    @cached_property
    def _encoded(self) -> list[tuple[int, Encode]]:
        return [(place, encode) for place, (_, encode) in enumerate(self.encoders, start=self.sets_context) if encode]

    @cached_property
    def _decodes(self) -> bool:
        return any(self.decoders)


WriteBatch: TypeAlias = tuple[Statement, ...]
"""Statements of one transaction; each runs only if the one before it returned a row."""


@dataclass(frozen=True, slots=True)
class WriteStep:
    """One step of a chain: its parameters, and a function that makes its SQL, given the name of the step before."""

    sql: Callable[[str], str]
    params: tuple[Param, ...]


class ConstraintViolated(Exception):
    """A unique value is taken, or a reference would dangle; ``name`` is the constraint's, if reported."""

    def __init__(self, name: str | None) -> None:
        super().__init__(name)
        self.name = name


class LockTimeout(Exception):
    """A lock was not acquired within the transaction's own lock timeout."""


class Executor(Protocol):
    """Runs all statements. ``name`` is the id of the owner, or the public id of the key, that a statement runs for."""

    alias: str

    def codec(self, field: models.Field[Any, Any]) -> Codec:
        """The encoder and the decoder for values of this column; None where the driver does it."""
        ...

    def dialect(self, sql: str, fields: Sequence[models.Field[Any, Any] | None]) -> str:
        """The SQL with this driver's placeholders instead of ``%s``; ``fields`` are those of the parameters."""
        ...

    async def fetch(
        self, name: str, statement: Statement, values: Values, sent: Callable[[], None] | None = None
    ) -> Rows:
        """Runs one statement and returns its rows. Raises ``Unavailable``, and ``ListTimeout`` for a list with filters.

        ``sent`` is called right before the statement is sent, once a connection is acquired.
        """
        ...

    async def write(self, name: str, chain: WriteBatch, values: Values) -> int:
        """Runs the chain in one transaction; returns how many rows its last step returned, 0 if it did not run.

        Raises ``Unavailable``, ``ConstraintViolated``, and ``LockTimeout``.
        """
        ...


class Compiler:
    """Compiles statements for one executor."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    @property
    def on_postgresql(self) -> bool:
        return connections[self._executor.alias].vendor == "postgresql"

    def select(
        self,
        rows: models.QuerySet[Any, Any],
        *columns: str,
        rls: RlsContext = RlsContext.OWNER,
        limit: int | Param | None = None,
        searches: bool = False,
    ) -> Statement:
        """A SELECT of these columns, and at most ``limit`` rows."""
        query = self._with_rls(rows, rls).values_list(*columns)
        sql, params = self._sql((query[:limit] if isinstance(limit, int) else query).query)
        if isinstance(limit, Param):
            sql, params = f"{sql} LIMIT %s", [*params, limit]
        codec = self._executor.codec
        decoders = tuple(codec(_field(rows.model, name))[1] for name in columns)
        return self._statement(sql, params, decoders, rls, searches=searches)

    def insert(
        self,
        model: type[models.Model],
        columns: Mapping[str, Param | str],
        *,
        where: str = "",
        suffix: str = "",
        more: Sequence[Param] = (),
        returning: str = "1",
    ) -> WriteStep:
        """An INSERT of one row, whose values are parameters or constant SQL.

        ``suffix`` may hold ``%s`` for each of ``more``; ``where`` is a condition, on PostgreSQL.
        """
        connection = connections[self._executor.alias]
        quote = connection.ops.quote_name
        fields = {name: _field(model, name) for name in columns}
        target = f"{quote(model._meta.db_table)} ({', '.join(quote(field.column) for field in fields.values())})"
        params = tuple(value for value in columns.values() if isinstance(value, Param))
        on_postgresql = self.on_postgresql

        def sql(follows: str) -> str:
            if not on_postgresql:
                places = (value if isinstance(value, str) else "%s" for value in columns.values())
                source = f"VALUES ({', '.join(places)})"
                return f"INSERT INTO {target} {source}{suffix} RETURNING {returning}"
            # In a SELECT PostgreSQL assumes that a parameter is text, whatever the target column.
            places = (
                value if isinstance(value, str) else f"%s::{column_type(fields[name], connection)}"
                for name, value in columns.items()
            )
            source = f"SELECT {', '.join(places)} FROM {follows}{where}"  # noqa: S608 -- names and SQL of ours
            return f"INSERT INTO {target} {source}{suffix} RETURNING {returning}"

        return WriteStep(sql, (*params, *more))

    def update(
        self, rows: models.QuerySet[Any, Any], columns: Sequence[str], *, rls: RlsContext = RlsContext.OWNER
    ) -> WriteStep:
        query = cast(UpdateQuery, self._with_rls(rows, rls).query.chain(UpdateQuery))
        changes = [(field := _field(rows.model, name), None, Param(name, field)) for name in columns]
        query.add_update_fields(changes)  # type: ignore[arg-type]  # -- any expression will do, not only a Case
        return self._plain(query)

    def delete(self, rows: models.QuerySet[Any, Any], *, rls: RlsContext = RlsContext.OWNER) -> WriteStep:
        return self._plain(self._with_rls(rows, rls).query.chain(DeleteQuery))

    def lock(self, rows: models.QuerySet[Any, Any]) -> WriteStep:
        """Locks these rows against deletion; the chain continues only if there is one."""
        sql, params = self._sql(self._with_rls(rows, RlsContext.OWNER).values_list("id").query)
        lock = " FOR KEY SHARE" if self.on_postgresql else ""
        return WriteStep(lambda follows: f"{sql}{_after(follows)}{lock}", tuple(params))

    def unless(self, rows: models.QuerySet[Any, Any]) -> WriteStep:
        """The chain continues only if there are no such rows."""
        sql, params = self._sql(self._with_rls(rows, RlsContext.OWNER).values_list("id").query)
        # A step of its own: in a condition of the next one PostgreSQL might read the rows before the context of
        # row-level security is set.
        none = f"SELECT 1 WHERE NOT EXISTS ({sql})"
        return WriteStep(lambda follows: f"{none}{_after(follows)}", tuple(params))

    def chain(self, *parts: WriteStep, rls: RlsContext = RlsContext.OWNER) -> WriteBatch:
        """These steps in order; on PostgreSQL they become one statement."""
        if not self.on_postgresql:
            return tuple(self._statement(part.sql(_FIRST), part.params, (None,), rls) for part in parts)
        places = [_FIRST, *(f"step{number}" for number in range(1, len(parts)))]
        *before, last = [part.sql(follows) for part, follows in zip(parts, places, strict=True)]
        steps = [f"{place} AS ({sql})" for place, sql in zip(places[1:], before, strict=True)]
        params = [param for part in parts for param in part.params]
        return (self._statement(last, params, (None,), rls, steps=steps),)

    def _with_rls(self, rows: models.QuerySet[Any, Any], rls: RlsContext) -> models.QuerySet[Any, Any]:
        return rows.filter(_RlsContextIsSet()) if rls and self.on_postgresql else rows

    def _plain(self, query: Query) -> WriteStep:
        sql, params = self._sql(query)
        return WriteStep(lambda follows: f"{sql}{_after(follows)} RETURNING 1", tuple(params))

    def _sql(self, query: Query) -> tuple[str, Sequence[Any]]:
        sql, params = query.get_compiler(using=self._executor.alias).as_sql()
        return sql, params

    def _statement(
        self,
        sql: str,
        params: Sequence[Param],
        decoders: tuple[Encode | None, ...],
        rls: RlsContext,
        *,
        steps: Sequence[str] = (),
        searches: bool = False,
    ) -> Statement:
        """Adds the query that sets the context of row-level security; all statements are made here."""
        names = bool(rls) and self.on_postgresql
        if names:
            # MATERIALIZED, or PostgreSQL would inline it, and could evaluate it after reading rows.
            name = f"named AS MATERIALIZED (SELECT set_config('{rls}', %s, true) AS v)"
            sql = f"WITH {', '.join([name, *steps])} {sql}"
        fields = [None] * names + [param.field for param in params]
        codec = self._executor.codec
        encoders = tuple((param.name, codec(param.field)[0]) for param in params)
        return Statement(self._executor.dialect(sql, fields), encoders, decoders, names, rls, searches)


def _after(follows: str) -> str:
    """The condition that the step before returned a row; the first step has none."""
    return "" if follows == _FIRST else f" AND EXISTS (SELECT FROM {follows})"


def column_type(field: models.Field[Any, Any], connection: Any) -> str:
    """The column's type without its length: a cast to a length would silently truncate the value."""
    if isinstance(field, models.DecimalField):
        return "numeric"
    return "text" if isinstance(field, models.CharField) else str(field.db_type(connection))


def _field(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    *path, name = name.split("__")
    for part in path:
        related = model._meta.get_field(part).related_model
        model = cast(type[models.Model], related)
    return cast("models.Field[Any, Any]", model._meta.get_field(name))
