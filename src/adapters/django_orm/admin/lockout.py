"""Whoever guesses operators' passwords has to wait: how they are told apart, and what they are told."""

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
"""Failed attempts to sign in from one address in the time to wait, whatever the names: an office may have one."""


class SignInForm(AdminAuthenticationForm):
    """Refuses a name that is too long for an operator's: nobody has it, and nothing is kept of it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = self.fields["username"]
        name.validators.append(MaxLengthValidator(name.max_length))  # type: ignore[attr-defined]  # -- Django has just set it


class Lockout(AxesDatabaseHandler):  # type: ignore[misc]  # -- as above
    """Counts by name and address, and by address alone too, with a higher limit, which axes does not know.

    Signing in forgets the failures of that name alone: whoever may sign in cannot go on guessing other names.
    """

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        failures: int = super().get_failures(request, credentials)
        since = request.axes_attempt_time - settings.AXES_COOLOFF_TIME
        recent = AccessAttempt.objects.filter(ip_address=request.axes_ip_address, attempt_time__gte=since)
        of_address = recent.aggregate(number=Sum("failures_since_start"))["number"] or 0
        if of_address < ADDRESS_FAILURE_LIMIT:
            return failures
        return max(failures, int(get_failure_limit(request, credentials)))


def client_address(request: HttpRequest) -> str | None:
    """What counts as one client; None for a Unix socket, and for what a proxy tells that is no address."""
    return network(request.META.get("REMOTE_ADDR", ""))


def locked_out(request: HttpRequest, *_: object) -> HttpResponse:
    """The page of those who failed too often."""
    wait = settings.AXES_COOLOFF_TIME
    context = {**admin.site.each_context(request), "title": "Too many attempts", "minutes": wait.seconds // 60}
    response = render(request, "goatfish/locked_out.html", context, status=429)
    response["Retry-After"] = str(wait.seconds)
    response["Cache-Control"] = "no-store"
    return response
