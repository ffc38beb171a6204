"""A span for each statement, with its SQL and never with its values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.django_orm.sql.standby import StandbyAnswer
    from adapters.django_orm.sql.statement import Rows, Statement, Values, WriteBatch

_TARGET = re.compile(r'\b(INSERT INTO|UPDATE|DELETE FROM|FROM) +"(\w+)"')


class TracedExecutor:
    """An executor whose statements have spans, which last from before the wait for a connection to the rows.

    ``system`` is the database as OpenTelemetry calls it.
    """

    def __init__(self, executor: Any, provider: TracerProvider, system: str) -> None:
        self._executor = executor
        self._tracer, self._system = provider.get_tracer("goatfish"), system

    def __getattr__(self, name: str) -> Any:
        """Everything else is the executor's own."""
        return getattr(self._executor, name)

    async def fetch(
        self, principal: str, statement: Statement, values: Values, sent: Callable[[], None] | None = None
    ) -> Rows:
        """As of the executor."""
        with self._span(statement.sql) as span:
            rows: Rows = await self._executor.fetch(principal, statement, values, sent)
            span.set_attribute("db.response.returned_rows", len(rows))
            return rows

    async def fetch_as_of(
        self,
        principal: str,
        state: Statement,
        expected: list[tuple[Any, ...]],
        statement: Statement,
        values: Values,
    ) -> StandbyAnswer:
        """As of a standby; where it has no rows, the primary is asked, which has a span of its own."""
        with self._span(statement.sql) as span:
            span.set_attribute("goatfish.on_standby", True)
            answer: StandbyAnswer = await self._executor.fetch_as_of(principal, state, expected, statement, values)
            if answer.rows is not None:
                span.set_attribute("db.response.returned_rows", len(answer.rows))
            return answer

    async def write(self, principal: str, chain: WriteBatch, values: Values) -> int:
        """As of the executor; a chain of several statements, on SQLite, is one transaction with one span."""
        with self._span(";\n".join(statement.sql for statement in chain)):
            written: int = await self._executor.write(principal, chain, values)
            return written

    @contextmanager
    def _span(self, sql: str) -> Iterator[Span]:
        attributes = {"db.system.name": self._system, "db.query.summary": summary(sql), "db.query.text": sql}
        with self._tracer.start_as_current_span(
            summary(sql),
            kind=SpanKind.CLIENT,
            attributes=attributes,
            record_exception=False,  # its message may have values
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(Status(StatusCode.ERROR))
                raise


@lru_cache(1000)
def summary(sql: str) -> str:
    """What it does to which table, first of all: ``INSERT simulation``."""
    if (found := _TARGET.search(sql)) is None:
        return sql.split(maxsplit=1)[0]
    return f"{found[1].split()[0].replace('FROM', 'SELECT')} {found[2]}"
