"""Compiled statements, and the executor that runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import islice, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from adapters.django_orm.sql.fair_semaphore import LOOKUPS, SERVICE
from adapters.django_orm.sql.many import EncodeEach
from domain.paging import PAGE_SIZE
from domain.turns import Turns

if TYPE_CHECKING:
    from django.db import models

    from adapters.django_orm.sql.expressions import Param

Values: TypeAlias = Mapping[str, Any]
Rows: TypeAlias = Sequence[Sequence[Any]]
Encode: TypeAlias = Callable[[Any], Any]
_PART = 20
"""Values that are encoded between two pauses."""
Codec: TypeAlias = tuple[Encode | None, Encode | None]


class RlsContext(StrEnum):
    """The PostgreSQL setting that a statement sets to the id of an owner or a key; policies compare rows with it.

    ``DELIVERER`` is for finding the webhooks of all owners that have something to send; it is set to an id of nobody.
    ``NOBODY`` is for operators' statements over all owners; with the API's role they would see no rows.
    """

    OWNER = "goatfish.owner"
    KEY = "goatfish.key"
    DELIVERER = "goatfish.deliverer"
    NOBODY = ""


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
    repeated: bool = False
    """Whether it runs once for each row of its parameters with many values, and returns nothing."""
    sized: tuple[int, ...] = ()
    """The places of the columns with texts that end a page, where it is read row by row."""

    def arguments(self, principal: str, values: Values) -> list[Any]:
        bound = [principal] if self.sets_context else []
        bound += self._bound(values)
        for place, encode in self._encoded:
            bound[place] = encode(bound[place])
        return bound

    async def arguments_in_turns(self, principal: str, values: Values) -> list[Any]:
        """The same, where values of many rows take some time to encode."""
        bound: list[Any] = [principal] if self.sets_context else []
        bound += self._bound(values)
        with Turns() as turns:
            for place, encode in self._encoded:
                if not isinstance(encode, EncodeEach):
                    bound[place] = encode(bound[place])
                    continue
                remaining, encoded = iter(bound[place]), list[Any]()
                while part := [*islice(remaining, _PART)]:
                    encoded += encode.each(part)
                    await turns.pause()
                bound[place] = encode.joined(encoded)
            await turns.pause(now=True)
        return bound

    def rows(self, principal: str, values: Values) -> Iterator[tuple[Any, ...]]:
        """The arguments for each row, where it is repeated."""
        arguments = self.arguments(principal, values)
        many = {place for place, encode in self._encoded if isinstance(encode, EncodeEach)}
        return zip(*(each if place in many else repeat(each) for place, each in enumerate(arguments)), strict=False)

    def page(self, rows: Iterable[Sequence[Any]]) -> Rows:
        """The first of the rows, each with whether another follows it, up to the size of a page, and one at least."""
        page: list[list[Any]] = []
        size = 0
        for row in rows:
            size += sum(_bytes(row[place]) for place in self.sized)
            if page:
                page[-1][-1] = True
                if size > PAGE_SIZE:
                    break
            page.append([*row, False])
        return page

    def decoded(self, rows: Rows) -> Rows:
        if not self.decodes:
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
    def has_many(self) -> bool:
        """Whether a parameter has values of many rows."""
        return any(isinstance(encode, EncodeEach) for _, encode in self.encoders)

    @cached_property
    def decodes(self) -> bool:
        """Whether anything is made of what the driver returns."""
        return any(self.decoders)


def _bytes(text: str | None) -> int:
    if text is None:
        return 0
    return len(text) if text.isascii() else len(text.encode())


WriteBatch: TypeAlias = tuple[Statement, ...]
"""Statements of one transaction; each runs only if the one before it returned a row."""


@dataclass(frozen=True, slots=True)
class WriteStep:
    """One step of a chain: its parameters, and a function that makes its SQL, given the name of the step before."""

    sql: Callable[[str], str]
    params: tuple[Param, ...]
    repeated: bool = False
    """Whether it is a statement that runs once for each row of its parameters with many values."""


class ConstraintViolated(Exception):
    """A unique value is taken, or a reference would dangle; ``name`` is the constraint's, if reported."""

    def __init__(self, name: str | None) -> None:
        super().__init__(name)
        self.name = name


class ReadExecutor(Protocol):
    """Runs statements that read.

    ``principal`` is who a statement runs for: the id of an owner, the public id of a key, or empty for operators.
    """

    async def fetch(
        self, principal: str, statement: Statement, values: Values, sent: Callable[[], None] | None = None
    ) -> Rows:
        """Runs one statement and returns its rows. Raises ``Unavailable``, and ``ListTimeout`` for a list with filters.

        ``sent`` is called right before the statement is sent, once a connection is acquired.
        """
        ...


class Executor(ReadExecutor, Protocol):
    """Runs all statements."""

    alias: str

    def codec(self, field: models.Field[Any, Any]) -> Codec:
        """The encoder and the decoder for values of this column; None where the driver does it."""
        ...

    def dialect(self, sql: str, fields: Sequence[models.Field[Any, Any] | None]) -> str:
        """The SQL with this driver's placeholders instead of ``%s``; ``fields`` are those of the parameters."""
        ...

    async def write(self, principal: str, chain: WriteBatch, values: Values) -> int:
        """Runs the chain in one transaction; returns how many rows its last step returned, 0 if it did not run.

        Raises ``Unavailable``, ``ConstraintViolated``.
        """
        ...
