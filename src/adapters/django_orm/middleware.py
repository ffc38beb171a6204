"""Django middleware for unusable input (400) and an unreachable database (503)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.core.exceptions import BadRequest, ValidationError
from django.db import DataError, Error
from django.http import HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.utils.deprecation import MiddlewareMixin
from django.views.defaults import bad_request

from adapters.django_orm.sql.django_errors import database_unavailable
from domain.errors import Unavailable

if TYPE_CHECKING:
    from django.http import HttpRequest

_log = logging.getLogger("goatfish.admin")


class UnusableInput(MiddlewareMixin):
    """Answers 400 to text that no database stores, an unreadable body, and values out of a column's range.

    All other exceptions are bugs, and stay a 500.
    """

    def process_request(self, request: HttpRequest) -> None:
        if not all(map(_is_text, _texts(request))):
            raise BadRequest("The request contains NUL or invalid Unicode.")

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DataError | OverflowError | ValidationError):
            return None
        _log.warning("%s %r has a value out of range", request.method, request.path, exc_info=exception)
        return bad_request(request, exception)


def _texts(request: HttpRequest) -> Iterator[str]:
    """Every name and value in the request. Raises ``BadRequest`` where the form cannot be parsed."""
    form = _form(request)  # first: every error page reads request.POST
    yield request.path_info
    yield from request.COOKIES.values()
    for fields in (request.GET, form):
        for name, values in fields.lists():
            yield name
            yield from values


def _form(request: HttpRequest) -> QueryDict:
    try:
        return request.POST
    except Exception as error:
        request.POST = QueryDict()  # the error page reads it again
        if isinstance(error, LookupError | ValueError):
            raise BadRequest("The form cannot be parsed.") from error
        raise


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


class UnreachableDatabase(MiddlewareMixin):
    """Answers 503 where a page failed because the database is unreachable or overloaded."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, Error):
            exception = database_unavailable(exception) or exception
        if not isinstance(exception, Unavailable):
            return None
        _log.warning("%s %r could not be served: %s", request.method, request.path, exception)
        return unavailable_page()


def unavailable_page() -> HttpResponse:
    """The page where the database is unreachable or overloaded."""
    page = render_to_string("goatfish/unavailable.html")
    return HttpResponse(page, status=503, headers={"Retry-After": "1", "Cache-Control": "no-store"})
