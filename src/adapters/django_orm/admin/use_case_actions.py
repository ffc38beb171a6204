"""What operators change goes through the use cases, with its cause, and each change is asked for on its own page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from adapters.django_orm.admin.read_only import ReadOnlyAdmin
from domain.access.use_cases import ApiKeys, Owners
from domain.errors import DomainError, Invalid, NotFound
from domain.write_context import IdempotencyKey, WriteContext

if TYPE_CHECKING:
    from django import forms
    from django.db.models import Model
    from django.http import HttpRequest, HttpResponse

T = TypeVar("T")
SCOPE = "goatfish.use_cases"
"""Where a request's ASGI scope has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminUseCases:
    """What operators may have done, on storage that is theirs."""

    owners: Owners
    keys: ApiKeys
    now: Callable[[], datetime]


def use_cases(request: HttpRequest) -> AdminUseCases | None:
    """Those that came along; none where Django serves by other ways, which therefore change nothing."""
    found: AdminUseCases | None = getattr(request, "scope", {}).get(SCOPE)
    return found


def carried_out(
    request: HttpRequest,
    work: Callable[[AdminUseCases, WriteContext], Awaitable[T]],
    idempotency_key: IdempotencyKey | None = None,
) -> T:
    """The result of the work, done on the event loop that serves the request, for the operator who is signed in.

    No transaction of the request's own may be open: on SQLite the work would wait for it, and it for the work.
    """
    cases = use_cases(request)
    if cases is None:
        raise PermissionDenied
    state = getattr(request, "scope", {}).get("state", {})
    context = WriteContext(
        actor=f"operator:{request.user.get_username()}",
        request_id=state.get("request_id") or uuid4().hex,
        at=cases.now(),
        idempotency_key=idempotency_key,
    )

    async def run() -> T:
        return await work(cases, context)

    return async_to_sync(run)()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of one row: a button on its page, a page that asks whether it is meant, and a use case."""

    name: str
    warning: str
    done: str
    fits: Callable[[Any], bool]
    carry_out: Callable[[AdminUseCases, Any, WriteContext], Awaitable[object]]


class UseCaseAdmin(ReadOnlyAdmin):
    """Rows that use cases change. Django's permissions hold: to add for what is made, to change for all else."""

    changes: Sequence[Change] = ()
    change_form_template = "goatfish/change_form.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return use_cases(request) is not None and admin.ModelAdmin.has_add_permission(self, request)

    def may_change(self, request: HttpRequest, row: Model) -> bool:
        """Not Django's own ``has_change_permission``, which would open its form."""
        return use_cases(request) is not None and admin.ModelAdmin.has_change_permission(self, request, row)

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<path:object_id>/{change.name}/",
                self.admin_site.admin_view(partial(self._change, change)),
                name=self._url_name(change),
            )
            for change in self.changes
        ]
        return own + super().get_urls()

    def _url_name(self, change: Change) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{change.name}"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        tools = [] if row is None else self.tools(request, row)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "tools": tools})

    def tools(self, request: HttpRequest, row: Model) -> list[tuple[str, str]]:
        """The buttons on a row's page: where each leads, and what it says."""
        if not self.may_change(request, row):
            return []
        return [
            (reverse(f"admin:{self._url_name(change)}", args=[row.pk]), change.name.capitalize())
            for change in self.changes
            if change.fits(row)
        ]

    def _change(self, change: Change, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self.missing(request)
        if not self.may_change(request, row):
            raise PermissionDenied
        if request.method == "GET":
            context = {"original": row, "change": change, "title": f"{change.name.capitalize()} {row}?"}
            return self.page(request, "goatfish/confirm.html", context)
        if request.method != "POST":
            return HttpResponseNotAllowed(["GET", "POST"])
        try:
            carried_out(request, lambda cases, context: change.carry_out(cases, row, context))
        except DomainError as error:
            messages.error(request, refusal(error))
        else:
            messages.success(request, change.done.format(row))
        return self.to_row(row.pk)

    def page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
        """A page of ours within the admin's."""
        return TemplateResponse(
            request, template, {**self.admin_site.each_context(request), "opts": self.opts, **context}
        )

    def to_row(self, pk: object) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[pk]))


def refusal(error: DomainError) -> str:
    """The refusal in words for operators, who own nothing."""
    return f"There is no such {error.code.removesuffix('_not_found')}." if isinstance(error, NotFound) else error.detail


def refuse(form: forms.Form, error: DomainError) -> None:
    """Says on the form what the domain refused, beside the field where there is one."""
    if not isinstance(error, Invalid):
        form.add_error(None, refusal(error))
        return
    for violation in error.violations:
        form.add_error(violation.field if violation.field in form.fields else None, violation.detail)
