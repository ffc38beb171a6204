"""Connections whose sessions begin with settings of ours, which are checked: a pooler may refuse or drop them."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

import psycopg
from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

from adapters.django_orm.sql.limits import LOCK_TIMEOUT
from adapters.django_orm.sql.pooled_sessions import differing_settings, refusal, refused_options
from config.postgres import GRACE, LATER, LATER_SESSION, as_options, session_limits, session_settings, settings_in

_REFUSED = "unsupported startup parameter"
"""PgBouncer's words, which it has in no other language: libpq does not tell the SQLSTATE of a refused connection."""


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to PostgreSQL."""

    _limits: ClassVar[dict[str, str]] = {}
    _answer_timeout: ClassVar[float | None] = None
    _good: ClassVar[tuple[str, str] | None] = None
    """The host and the port where this process has connected last."""

    @classmethod
    def limit_sessions(cls, seconds: float) -> None:
        """Limits sessions of this process that begin from now on, of a service: commands take as long as they need.

        After so many seconds the server ends statements, which may wait for locks, and idle transactions. If it has not
        answered ``GRACE`` seconds later, it is taken for lost.
        """
        cls._limits = session_limits(seconds, lock=LOCK_TIMEOUT)
        cls._answer_timeout = seconds + GRACE

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        conn_params = self._good_host_first(conn_params)
        chooses = conn_params.get("target_session_attrs", "any") != "any"
        given = conn_params["options"].removesuffix(as_options(session_settings(chooses=chooses))).strip()
        try:
            options = f"{conn_params['options']} {as_options(self._limits)}"
            connection, pooled = super().get_new_connection({**conn_params, "options": options}), False
            asked = {**settings_in(given), **self._limits}
        except psycopg.OperationalError as error:
            if _REFUSED not in str(error):
                raise
            connection, pooled = self._behind_pooler({**conn_params, "options": given}), True
            asked = settings_in(given)
        try:
            connection.autocommit = True  # without a transaction around each of these
            _check(connection, asked, writable=not chooses)
            if not pooled and connection.info.server_version >= LATER * 10_000:
                connection.execute(LATER_SESSION)
            connection.autocommit = False
        except BaseException:
            connection.close()
            raise
        if self._answer_timeout is not None:
            connection.wait = partial(_wait, connection, connection.wait, self._answer_timeout)
        DatabaseWrapper._good = connection.info.host, str(connection.info.port)
        return connection

    def _good_host_first(self, conn_params: dict[str, Any]) -> dict[str, Any]:
        """The parameters with the last good host first: others may be silent for as long as they are given."""
        places = [*zip(conn_params["host"].split(","), conn_params["port"].split(","), strict=True)]
        hosts, ports = zip(*sorted(places, key=lambda place: place != self._good), strict=True)
        return {**conn_params, "host": ",".join(hosts), "port": ",".join(ports)}

    def _behind_pooler(self, conn_params: dict[str, Any]) -> Any:
        try:
            return super().get_new_connection(conn_params)
        except psycopg.OperationalError as error:
            if _REFUSED not in str(error):
                raise
            reason = _REFUSED + str(error).partition(_REFUSED)[2]
            raise psycopg.OperationalError(refused_options(reason)) from error


def _wait(connection: psycopg.Connection[Any], wait: Any, timeout: float, *arguments: Any, **more: Any) -> Any:
    try:
        return wait(*arguments, **{"timeout": timeout, **more})
    except psycopg.OperationalError:
        if connection.info.transaction_status is TransactionStatus.ACTIVE:  # the time is over
            connection.pgconn.finish()
        raise


def _check(connection: psycopg.Connection[Any], asked: dict[str, str], *, writable: bool) -> None:
    """Raises ``psycopg.OperationalError`` where the session is not as it should be."""
    statement, arguments = differing_settings("%s", "%s", asked, writable=writable)
    try:
        ((differing,),) = connection.execute(statement.encode(), arguments).fetchall()
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:  # a value that cannot be set
        raise psycopg.OperationalError(refused_options(str(error).partition("\n")[0])) from error
    if differing:
        raise psycopg.OperationalError(refusal(differing, asked))
