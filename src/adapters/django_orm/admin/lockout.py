"""Lockout after failed sign-ins: how clients are identified, the limit of an address, and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from axes.handlers.database import AxesDatabaseHandler  # type: ignore[import-untyped]  # -- the library has no types
from axes.helpers import get_failure_limit  # type: ignore[import-untyped]  # -- the library has no types
from axes.models import AccessAttempt  # type: ignore[import-untyped]  # -- the library has no types
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.validators import MaxLengthValidator
from django.db.models import Sum
from django.shortcuts import render

from domain.access.client_network import network

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

ADDRESS_FAILURE_LIMIT = 30
"""Failed sign-ins from one address within the cool-off time, for all names. An office may share one address."""


class SignInForm(AdminAuthenticationForm):
    """Rejects names longer than any operator's, so that they are not stored as attempts."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = self.fields["username"]
        name.validators.append(MaxLengthValidator(name.max_length))  # type: ignore[attr-defined]  # -- Django has just set it


class Lockout(AxesDatabaseHandler):  # type: ignore[misc]  # -- as above
    """Adds a limit per address to axes' limit per name and address.

    A successful sign-in resets the failures of its own name only, so it does not allow more guesses of other names.
    """

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        failures: int = super().get_failures(request, credentials)
        since = request.axes_attempt_time - settings.AXES_COOLOFF_TIME
        recent = AccessAttempt.objects.filter(ip_address=request.axes_ip_address, attempt_time__gte=since)
        of_address = recent.aggregate(number=Sum("failures_since_start"))["number"] or 0
        if of_address < ADDRESS_FAILURE_LIMIT:
            return failures
        return max(failures, int(get_failure_limit(request, credentials)))


def client_network(request: HttpRequest) -> str | None:
    """The client's network; None for a Unix socket, or if a proxy forwards an invalid address."""
    return network(request.META.get("REMOTE_ADDR", ""))


def locked_out(request: HttpRequest, *_: object) -> HttpResponse:
    """The page after too many failed sign-ins."""
    wait = settings.AXES_COOLOFF_TIME
    context = {**admin.site.each_context(request), "title": "Too many attempts", "minutes": wait.seconds // 60}
    response = render(request, "goatfish/locked_out.html", context, status=429)
    response["Retry-After"] = str(wait.seconds)
    response["Cache-Control"] = "no-store"
    return response
