"""Connections whose sessions begin with settings of ours, or are checked where a pooler does not allow that."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db.backends.postgresql import base

from adapters.django_orm.sql.pooled_sessions import differing_settings, refusal

_REFUSED = "unsupported startup parameter"
"""PgBouncer's words, which it has in no other language: libpq does not tell the SQLSTATE of a refused connection."""


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to PostgreSQL."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        try:
            return super().get_new_connection(conn_params)
        except psycopg.OperationalError as error:
            if _REFUSED not in str(error):
                raise
        connection = super().get_new_connection({**conn_params, "options": ""})
        chooses = conn_params.get("target_session_attrs", "any") != "any"
        statement, arguments = differing_settings("%s", "%s", writable=not chooses)
        ((differing,),) = connection.execute(statement, arguments).fetchall()
        connection.rollback()
        if differing:
            connection.close()
            raise psycopg.OperationalError(refusal(differing))
        return connection
