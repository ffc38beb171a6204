"""Whoever guesses operators' passwords has to wait: how they are told apart, and what they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import admin
from django.shortcuts import render

from domain.access.clients import network

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


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
