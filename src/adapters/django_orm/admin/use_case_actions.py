"""Changes in the admin run use cases, with the operator as the actor, after a page that asks for confirmation."""

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
from domain.idempotency import IdempotentExecutor
from domain.write_context import IdempotencyKey, WriteContext

if TYPE_CHECKING:
    from django import forms
    from django.db.models import Model
    from django.http import HttpRequest, HttpResponse

T = TypeVar("T")
SCOPE = "goatfish.use_cases"
"""The key of ``AdminUseCases`` in the ASGI scope of a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminUseCases:
    """The use cases available to operators, on the operators' storage."""

    owners: Owners
    keys: ApiKeys
    idempotent: IdempotentExecutor
    now: Callable[[], datetime]


def use_cases(request: HttpRequest) -> AdminUseCases | None:
    """The use cases of this request; None outside ``AdminApplication``, where the admin is read-only."""
    found: AdminUseCases | None = getattr(request, "scope", {}).get(SCOPE)
    return found


def run_use_case(
    request: HttpRequest,
    work: Callable[[AdminUseCases, WriteContext], Awaitable[T]],
    idempotency_key: IdempotencyKey | None = None,
) -> T:
    """Runs use cases on the event loop, with the signed-in operator as the actor, and returns their result.

    The request must not have an open transaction: on SQLite both would wait for each other.
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
class UseCaseAction:
    """A change of one row: a button on its page, a confirmation page with this warning, and a use case."""

    name: str
    warning: str
    success: str
    is_applicable: Callable[[Any], bool]
    run: Callable[[AdminUseCases, Any, WriteContext], Awaitable[object]]


class UseCaseAdmin(ReadOnlyAdmin):
    """Rows that use cases change: creating needs Django's permission to add, all other actions that to change."""

    use_case_actions: Sequence[UseCaseAction] = ()
    row_pages: Sequence[str] = ()
    """Further pages of one row: ``roll`` is the method ``roll_page``, which checks rights itself."""
    change_form_template = "goatfish/change_form.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return use_cases(request) is not None and admin.ModelAdmin.has_add_permission(self, request)

    def may_change(self, request: HttpRequest, row: Model) -> bool:
        """Whether actions are allowed. ``has_change_permission`` stays False, or Django would show its edit form."""
        return use_cases(request) is not None and admin.ModelAdmin.has_change_permission(self, request, row)

    def get_urls(self) -> list[URLPattern]:
        views = {action.name: partial(self._action_page, action) for action in self.use_case_actions}
        views |= {name: getattr(self, f"{name}_page") for name in self.row_pages}
        own = [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(partial(self._row_view, view)),
                name=self._url_name(name),
            )
            for name, view in views.items()
        ]
        return own + super().get_urls()

    def _url_name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    def url_of(self, page: str, row: Model) -> str:
        """The URL of one of the row's own pages."""
        return reverse(f"admin:{self._url_name(page)}", args=[row.pk])

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        tools = [] if row is None else self.tools(request, row)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "tools": tools})

    def tools(self, request: HttpRequest, row: Model) -> list[tuple[str, str]]:
        """The buttons on a row's page, as URLs and labels."""
        if not self.may_change(request, row):
            return []
        return [
            (self.url_of(action.name, row), action.name.capitalize())
            for action in self.use_case_actions
            if action.is_applicable(row)
        ]

    def _row_view(
        self, view: Callable[[HttpRequest, Any], HttpResponse], request: HttpRequest, object_id: str
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self.redirect_missing(request)
        if request.method not in {"GET", "POST"}:
            return HttpResponseNotAllowed(["GET", "POST"])
        return view(request, row)

    def _action_page(self, action: UseCaseAction, request: HttpRequest, row: Any) -> HttpResponse:
        if not self.may_change(request, row):
            raise PermissionDenied(f"This needs the permission to change {self.opts.verbose_name_plural}.")
        if request.method == "GET":
            return self.confirmation(request, row, action.name, action.warning)
        try:
            run_use_case(request, lambda cases, context: action.run(cases, row, context))
        except DomainError as error:
            messages.error(request, error_message(error))
        else:
            messages.success(request, action.success.format(row))
        return self.redirect_to_row(row.pk)

    def confirmation(self, request: HttpRequest, row: Model, action: str, warning: str) -> TemplateResponse:
        """The page that asks whether the row shall be changed so."""
        context = {"original": row, "action": action, "warning": warning, "title": f"{action.capitalize()} {row}?"}
        return self.page(request, "goatfish/confirm.html", context)

    def page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
        """A page in the layout of the admin."""
        return TemplateResponse(
            request, template, {**self.admin_site.each_context(request), "opts": self.opts, **context}
        )

    def redirect_to_row(self, pk: object) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[pk]))


def error_message(error: DomainError) -> str:
    """The error message for an operator."""
    return f"There is no such {error.code.removesuffix('_not_found')}." if isinstance(error, NotFound) else error.detail


def add_form_error(form: forms.Form, error: DomainError) -> None:
    """Adds a domain error to the form, at the field it is about, if any."""
    if not isinstance(error, Invalid):
        form.add_error(None, error_message(error))
        return
    for violation in error.violations:
        form.add_error(violation.field if violation.field in form.fields else None, violation.detail)
