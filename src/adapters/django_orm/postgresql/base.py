"""Connections whose sessions begin with settings of ours, or are checked where a pooler does not allow that."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db.backends.postgresql import base

from adapters.django_orm.sql.pooled_sessions import differing_settings, refusal
from config.postgres import LATER, LATER_SESSION

_REFUSED = "unsupported startup parameter"
"""PgBouncer's words, which it has in no other language: libpq does not tell the SQLSTATE of a refused connection."""


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to PostgreSQL."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        try:
            connection = super().get_new_connection(conn_params)
        except psycopg.OperationalError as error:
            if _REFUSED not in str(error):
                raise
            return self._behind_pooler(conn_params)
        if connection.info.server_version >= LATER * 10_000:
            connection.execute(LATER_SESSION)
            connection.commit()
        return connection

    def _behind_pooler(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection({**conn_params, "options": ""})
        chooses = conn_params.get("target_session_attrs", "any") != "any"
        statement, arguments = differing_settings("%s", "%s", writable=not chooses)
        ((differing,),) = connection.execute(statement, arguments).fetchall()
        connection.rollback()
        if differing:
            connection.close()
            raise psycopg.OperationalError(refusal(differing))
        return connection
