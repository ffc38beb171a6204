"""Compiles QuerySets to SQL once, so that a request only binds values and does not run the ORM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.db import connections, models
from django.db.models.sql import DeleteQuery, Query, UpdateQuery

from adapters.django_orm.sql.expressions import Param, RlsContextIsSet, field_of
from adapters.django_orm.sql.many import ManyValues, rows_of
from adapters.django_orm.sql.statement import RlsContext, Statement, WriteBatch, WriteStep

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapters.django_orm.sql.statement import Encode, Executor


_FIRST = "named"
"""The query that sets the context of row-level security: the first step of a chain follows it."""


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
        sized: Sequence[str] = (),
    ) -> Statement:
        """A SELECT of these columns, and at most ``limit`` rows: a page, where columns are ``sized``."""
        sql, params = self._limited(self._with_rls(rows, rls).values_list(*columns), limit)
        codec = self._executor.codec
        decoders = tuple(codec(field_of(rows.model, name))[1] for name in columns)
        if not sized:
            return self._statement(sql, params, decoders, rls, searches=searches)
        places = tuple(map(columns.index, sized))
        return self._statement(sql, params, (*decoders, None), rls, searches=searches, sized=places)

    def over(
        self,
        rows: models.QuerySet[Any, Any],
        columns: Sequence[str],
        sql: str,
        decoders: tuple[Encode | None, ...],
        *,
        rls: RlsContext = RlsContext.OWNER,
        limit: int | Param | None = None,
        searches: bool = False,
    ) -> Statement:
        """A SELECT of our own, from ``rows``, which are these columns of at most ``limit`` of the rows."""
        chosen, params = self._limited(self._with_rls(rows, rls).values_list(*columns), limit)
        steps = [f"rows AS NOT MATERIALIZED ({chosen})"]
        return self._statement(" ".join(sql.split()), params, decoders, rls, steps=steps, searches=searches)

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
        fields = {name: field_of(model, name) for name in columns}
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

    def insert_all(
        self,
        model: type[models.Model],
        columns: Mapping[str, Param | str],
        *,
        where: str = "",
        more: Mapping[str, Param] | None = None,
    ) -> WriteStep:
        """An INSERT of many rows; a parameter has one value for all, or many values.

        ``more`` are other parameters in the constant SQL of the last column. On PostgreSQL those with many values are
        columns of ``given`` by their names; elsewhere there is a ``%s`` for each.
        """
        connection = connections[self._executor.alias]
        quote = connection.ops.quote_name
        target = f"{quote(model._meta.db_table)} ({', '.join(quote(field_of(model, name).column) for name in columns)})"
        if not self.on_postgresql:
            places = ", ".join(value if isinstance(value, str) else "%s" for value in columns.values())
            params = [value for value in columns.values() if isinstance(value, Param)]
            sql = f"INSERT INTO {target} VALUES ({places})"  # noqa: S608 -- names and SQL of ours
            return WriteStep(lambda _: sql, (*params, *(more or {}).values()), repeated=True)
        every = {**columns, **(more or {})}
        given = {name: value for name, value in every.items() if _has_many(value)}
        alone = {name: value for name, value in every.items() if isinstance(value, Param) and name not in given}

        def type_of(param: Any) -> str:
            field = param.field
            return column_type(field.of if isinstance(field, ManyValues) else field, connection)

        values = ", ".join(
            value if isinstance(value, str) else f"given.{quote(name)}" if name in given else f"%s::{type_of(value)}"
            for name, value in columns.items()
        )
        rows = rows_of({quote(name): type_of(value) for name, value in given.items()})

        def sql_after(follows: str) -> str:
            source = f"{follows}, ({rows}) AS given"
            return f"INSERT INTO {target} SELECT {values} FROM {source}{where} RETURNING 1"  # noqa: S608 -- as above

        return WriteStep(sql_after, (*alone.values(), *given.values()))  # type: ignore[arg-type]  # -- all are Params

    def gather(self) -> tuple[WriteStep, ...]:
        """The chain continues with one row, once the step before has returned all of its rows, and at least one."""
        if not self.on_postgresql:
            return ()
        return (WriteStep(lambda follows: f"SELECT count(*) FROM {follows} HAVING count(*) > 0", ()),)  # noqa: S608 -- a name of ours

    def update(
        self, rows: models.QuerySet[Any, Any], columns: Sequence[str], *, rls: RlsContext = RlsContext.OWNER
    ) -> WriteStep:
        query = cast(UpdateQuery, self._with_rls(rows, rls).query.chain(UpdateQuery))
        changes = [(field := field_of(rows.model, name), None, Param(name, field)) for name in columns]
        query.add_update_fields(changes)  # type: ignore[arg-type]  # -- any expression will do, not only a Case
        return self._plain(query)

    def delete(self, rows: models.QuerySet[Any, Any], *, rls: RlsContext = RlsContext.OWNER) -> WriteStep:
        return self._plain(self._with_rls(rows, rls).query.chain(DeleteQuery))

    def lock(self, rows: models.QuerySet[Any, Any]) -> WriteStep:
        """Locks these rows against deletion; the chain continues only if there is one."""
        sql, params = self._sql(self._with_rls(rows, RlsContext.OWNER).values_list("id").query)
        lock = " FOR KEY SHARE" if self.on_postgresql else ""
        return WriteStep(lambda follows: f"{sql}{_after(follows)}{lock}", tuple(params))

    def lock_all(self, rows: models.QuerySet[Any, Any], wanted: Param) -> WriteStep:
        """Locks these rows against deletion, in the order of their ids; the chain continues if ``wanted`` are there."""
        sql, params = self._sql(self._with_rls(rows, RlsContext.OWNER).values_list("id").query)
        lock = " ORDER BY id FOR KEY SHARE" if self.on_postgresql else ""
        return WriteStep(
            lambda follows: f"SELECT 1 WHERE (SELECT count(*) FROM ({sql}{_after(follows)}{lock}) AS referred) = %s",  # noqa: S608 -- SQL of ours
            (*params, wanted),
        )

    def unless(self, rows: models.QuerySet[Any, Any], *, allowed: int = 0) -> WriteStep:
        """The chain continues only if there are no more such rows than ``allowed``."""
        sql, params = self._sql(self._with_rls(rows, RlsContext.OWNER).values_list("id")[allowed:].query)
        # A step of its own: in a condition of the next one PostgreSQL might read the rows before the context of
        # row-level security is set.
        none = f"SELECT 1 WHERE NOT EXISTS ({sql})"
        return WriteStep(lambda follows: f"{none}{_after(follows)}", tuple(params))

    def chain(self, *parts: WriteStep, rls: RlsContext = RlsContext.OWNER) -> WriteBatch:
        """These steps in order; on PostgreSQL they become one statement."""
        if not self.on_postgresql:
            return tuple(
                self._statement(part.sql(_FIRST), part.params, (None,), rls, repeated=part.repeated) for part in parts
            )
        places = [_FIRST, *(f"step{number}" for number in range(1, len(parts)))]
        *before, last = [part.sql(follows) for part, follows in zip(parts, places, strict=True)]
        steps = [f"{place} AS ({sql})" for place, sql in zip(places[1:], before, strict=True)]
        params = [param for part in parts for param in part.params]
        return (self._statement(last, params, (None,), rls, steps=steps),)

    def _with_rls(self, rows: models.QuerySet[Any, Any], rls: RlsContext) -> models.QuerySet[Any, Any]:
        return rows.filter(RlsContextIsSet()) if rls and self.on_postgresql else rows

    def _plain(self, query: Query) -> WriteStep:
        sql, params = self._sql(query)
        return WriteStep(lambda follows: f"{sql}{_after(follows)} RETURNING 1", tuple(params))

    def _limited(self, rows: models.QuerySet[Any, Any], limit: int | Param | None) -> tuple[str, Sequence[Any]]:
        if not isinstance(limit, Param):
            return self._sql(rows[:limit].query)
        sql, params = self._sql(rows.query)
        return f"{sql} LIMIT %s", [*params, limit]

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
        repeated: bool = False,
        sized: tuple[int, ...] = (),
    ) -> Statement:
        """Adds the query that sets the context of row-level security; all statements are made here."""
        names = bool(rls) and self.on_postgresql
        if names:
            # MATERIALIZED, or PostgreSQL would inline it, and could evaluate it after reading rows.
            steps = [f"named AS MATERIALIZED (SELECT set_config('{rls}', %s, true) AS v)", *steps]
        if steps:
            sql = f"WITH {', '.join(steps)} {sql}"
        fields = [None] * names + [param.field for param in params]
        codec = self._executor.codec
        encoders = tuple((param.name, codec(param.field)[0]) for param in params)
        return Statement(self._executor.dialect(sql, fields), encoders, decoders, names, rls, searches, repeated, sized)


def _has_many(value: object) -> bool:
    return isinstance(value, Param) and isinstance(value.field, ManyValues)


def _after(follows: str) -> str:
    """The condition that the step before returned a row; the first step has none."""
    return "" if follows == _FIRST else f" AND EXISTS (SELECT FROM {follows})"


def column_type(field: models.Field[Any, Any], connection: Any) -> str:
    """The column's type without its length: a cast to a length would silently truncate the value."""
    if isinstance(field, models.DecimalField):
        return "numeric"
    return "text" if isinstance(field, models.CharField) else str(field.db_type(connection))
