"""SQL compiled once from QuerySets: a request binds values to it and pays for nothing else of the ORM."""

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

from adapters.django_orm.sql.fair_shares import LOOKUPS, SERVICE

Values: TypeAlias = Mapping[str, Any]
Rows: TypeAlias = Sequence[Sequence[Any]]
Encode: TypeAlias = Callable[[Any], Any]
Codec: TypeAlias = tuple[Encode | None, Encode | None]


_FIRST = "named"
"""What the first step of a chain follows: the query that says for whom it runs."""


class RlsContext(StrEnum):
    """For whom a statement runs: PostgreSQL's policies show it what belongs to the one that is named in this setting.

    ``NOBODY`` is for what operators do with all owners' rows; the service sees none of them in this way.
    """

    OWNER = "goatfish.owner"
    KEY = "goatfish.key"
    NOBODY = ""


class Param(Expression):
    """A place in a QuerySet that each run fills with the value of this name."""

    def __init__(self, name: str, field: models.Field[Any, Any]) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "%s", [self]


def param(model: type[models.Model], column: str, name: str | None = None) -> Param:
    """A place for a value of this column, by the column's name unless another is given."""
    return Param(name or column, _field(model, column))


class KeysetAfter(Func):
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


class _RlsContextIsSet(Expression):
    """True, once PostgreSQL has taken note of the name: nothing else makes it do that before it looks at rows."""

    output_field = models.BooleanField()
    conditional = True

    def __init__(self) -> None:
        super().__init__(output_field=models.BooleanField())

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "(SELECT v FROM named) IS NOT NULL", []


@dataclass(frozen=True)
class Statement:
    """SQL in its executor's own dialect, and what turns values into arguments and rows back into values."""

    sql: str
    encoders: tuple[tuple[str, Encode | None], ...]
    decoders: tuple[Encode | None, ...] = ()
    names: bool = False
    """Whether the first argument is the name of whom it runs for."""
    rls: RlsContext = RlsContext.NOBODY
    searches: bool = False
    """Whether it is a list with conditions, which may look at many rows to find few: its time is that of lists."""

    def arguments(self, name: str, values: Values) -> list[Any]:
        bound = [name] if self.names else []
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

    # Worked out once: a statement runs with every request.
    @cached_property
    def system(self) -> str:
        """In which of the service's own shares it runs; empty where it runs in that of the owner it names."""
        return {RlsContext.OWNER: "", RlsContext.KEY: LOOKUPS}.get(self.rls, SERVICE)

    @cached_property
    def _bound(self) -> Callable[[Values], Iterable[Any]]:
        names = [name for name, _ in self.encoders]
        return itemgetter(*names) if len(names) > 1 else lambda values: [values[name] for name in names]

    @cached_property
    def _encoded(self) -> list[tuple[int, Encode]]:
        return [(place, encode) for place, (_, encode) in enumerate(self.encoders, start=self.names) if encode]

    @cached_property
    def _decodes(self) -> bool:
        return any(self.decoders)


WriteBatch: TypeAlias = tuple[Statement, ...]
"""Statements of one transaction, each of which takes place only where the one before it touched a row."""


@dataclass(frozen=True, slots=True)
class WriteStep:
    """One write of a chain: its SQL, given the table or query whose rows it follows, and its parameters."""

    sql: Callable[[str], str]
    params: tuple[Param, ...]


class ConstraintViolated(Exception):
    """A unique value is taken, or a reference would dangle; ``name`` is the constraint's, where the database tells."""

    def __init__(self, name: str | None) -> None:
        super().__init__(name)
        self.name = name


class LockTimeout(Exception):
    """A lock was not to be had within the time that the transaction itself has set."""


class Executor(Protocol):
    """Runs statements. Every one passes here, beside the name of the one for whom it runs: an owner, or a key."""

    alias: str

    def codec(self, field: models.Field[Any, Any]) -> Codec:
        """What a value of this column needs on its way in and out; None where the driver does it."""
        ...

    def dialect(self, sql: str, fields: Sequence[models.Field[Any, Any] | None]) -> str:
        """The SQL with this driver's placeholders for Django's ``%s``, each of which stands for a value of a field."""
        ...

    async def fetch(
        self, name: str, statement: Statement, values: Values, sent: Callable[[], None] | None = None
    ) -> Rows:
        """Reads with one statement. Raises ``Unavailable``, and ``ListTimeout`` where a search takes too long.

        ``sent`` is called right before the database is asked, when nothing has to be waited for any more.
        """
        ...

    async def write(self, name: str, chain: WriteBatch, values: Values) -> int:
        """Runs the chain in one transaction; gives how many rows its last statement touched, 0 where it was not run.

        Raises ``Unavailable``, ``ConstraintViolated``, and ``LockTimeout``.
        """
        ...


class Compiler:
    """Makes the statements of one executor."""

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
        """SELECT of these columns, of so many rows at most."""
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
        """INSERT of one row, whose values are parameters or SQL of ours.

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
            # In a SELECT PostgreSQL takes a parameter for text, whatever column it is meant for.
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
        """Keeps these rows from being deleted until the transaction ends; goes on only where there is one."""
        sql, params = self._sql(self._with_rls(rows, RlsContext.OWNER).values_list("id").query)
        lock = " FOR KEY SHARE" if self.on_postgresql else ""
        return WriteStep(lambda follows: f"{sql}{_after(follows)}{lock}", tuple(params))

    def unless(self, rows: models.QuerySet[Any, Any]) -> WriteStep:
        """Goes on only where there are no such rows."""
        sql, params = self._sql(self._with_rls(rows, RlsContext.OWNER).values_list("id").query)
        # Of its own, and not a condition of the next step: there PostgreSQL might look for the rows before it knows
        # for whom it runs.
        none = f"SELECT 1 WHERE NOT EXISTS ({sql})"
        return WriteStep(lambda follows: f"{none}{_after(follows)}", tuple(params))

    def chain(self, *parts: WriteStep, rls: RlsContext = RlsContext.OWNER) -> WriteBatch:
        """These writes in their order, on PostgreSQL as one statement."""
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
        """The one place that says for whom a statement runs."""
        names = bool(rls) and self.on_postgresql
        if names:
            # Materialized, or it would be a part of the query like any other.
            name = f"named AS MATERIALIZED (SELECT set_config('{rls}', %s, true) AS v)"
            sql = f"WITH {', '.join([name, *steps])} {sql}"
        fields = [None] * names + [param.field for param in params]
        codec = self._executor.codec
        encoders = tuple((param.name, codec(param.field)[0]) for param in params)
        return Statement(self._executor.dialect(sql, fields), encoders, decoders, names, rls, searches)


def _after(follows: str) -> str:
    """The condition that the step before has touched a row; the first one has none before it."""
    return "" if follows == _FIRST else f" AND EXISTS (SELECT FROM {follows})"


def column_type(field: models.Field[Any, Any], connection: Any) -> str:
    """The column's type without its length, to which a cast would cut the value in silence."""
    if isinstance(field, models.DecimalField):
        return "numeric"
    return "text" if isinstance(field, models.CharField) else str(field.db_type(connection))


def _field(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    *path, name = name.split("__")
    for part in path:
        related = model._meta.get_field(part).related_model
        model = cast(type[models.Model], related)
    return cast("models.Field[Any, Any]", model._meta.get_field(name))
