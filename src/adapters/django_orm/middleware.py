"""A database out of reach is told as such, in a page that needs none."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.deprecation import MiddlewareMixin

from domain.errors import Unavailable

if TYPE_CHECKING:
    from django.http import HttpRequest

_log = logging.getLogger("goatfish.admin")


class UnreachableDatabase(MiddlewareMixin):
    """Answers 503 where the database failed a page of Django's."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Unavailable | OperationalError | InterfaceError):
            return None
        _log.warning("%s %r could not be served: %s", request.method, request.path, exception)
        page = render_to_string("goatfish/unavailable.html")
        return HttpResponse(page, status=503, headers={"Retry-After": "1", "Cache-Control": "no-store"})
