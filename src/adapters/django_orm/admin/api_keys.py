"""Pages of API keys: issue one, which is shown only once, and revoke it. Digests are never shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpResponseRedirect

from adapters.django_orm.admin.key_forms import ApiKeyForm, RollForm, TicketForm, new_ticket
from adapters.django_orm.admin.read_only import ConditionFilter, list_url
from adapters.django_orm.admin.use_case_actions import (
    AdminUseCases,
    UseCaseAction,
    UseCaseAdmin,
    add_form_error,
    run_use_case,
)
from adapters.django_orm.models import ApiKeyRow
from domain.access.api_key import ApiKey, Lifetime
from domain.access.owner import Owner
from domain.access.scopes import Scope
from domain.access.token import ApiKeyToken
from domain.errors import DomainError
from domain.write_context import IdempotencyKey, WriteContext

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

SOON = timedelta(days=30)
ENDS_SOON = f"ends within {SOON.days} days"


async def _issue(cases: AdminUseCases, context: WriteContext, fields: dict[str, Any]) -> dict[str, Any]:
    """What the page with the new key shows; no text where the form has issued it before."""
    owner = await cases.owners.get(fields["owner"])
    given = {"name": fields["name"], "scopes": frozenset(map(Scope, fields["scopes"]))}
    key, text = await _once(
        cases, owner, context, lambda: cases.keys.create(owner.id, context, expires_at=fields["expires_at"], **given)
    )
    return {"owner": owner, "key": key, "text": text}


async def _roll(cases: AdminUseCases, context: WriteContext, row: ApiKeyRow, fields: dict[str, Any]) -> dict[str, Any]:
    """The same for the key that replaces this one."""
    owner, overlap = await cases.owners.get(row.owner_id), fields["overlap"]
    expires_at = fields["expires_at"] or Lifetime.AS_BEFORE
    key, text = await _once(
        cases,
        owner,
        context,
        lambda: cases.keys.roll(owner.id, row.pk, context, overlap=overlap, expires_at=expires_at),
    )
    if text is None:  # its second transaction may have been lost
        await cases.keys.expire_previous(owner.id, row.pk, key, context, overlap=overlap)
    return {"owner": owner, "key": key, "text": text, "old": await cases.keys.get(owner.id, row.pk)}


async def _once(
    cases: AdminUseCases,
    owner: Owner,
    context: WriteContext,
    create: Callable[[], Awaitable[tuple[ApiKey, ApiKeyToken]]],
) -> tuple[ApiKey, str | None]:
    """The key that is created, and its text; None instead of the text where that request has created it before."""
    texts: list[str] = []

    async def created() -> ApiKey:
        key, text = await create()
        texts.append(text.reveal())
        return key

    key, is_repeated = await cases.idempotent.create_once(owner.id, context, ApiKey, created)
    return key, None if is_repeated else texts[-1]


def _expired() -> Q:
    return Q(revoked_at__isnull=True, expires_at__lte=datetime.now(UTC))


def ends_soon() -> Q:
    """The condition on keys that are still open, and will have expired within ``SOON``."""
    now = datetime.now(UTC)
    return Q(revoked_at__isnull=True, expires_at__gt=now, expires_at__lte=now + SOON)


class StateFilter(ConditionFilter):
    title = parameter_name = "state"
    conditions: ClassVar = {
        "open": lambda: Q(revoked_at__isnull=True) & ~_expired(),
        ENDS_SOON: ends_soon,
        "expired": _expired,
        "revoked": lambda: Q(revoked_at__isnull=False),
    }


@admin.register(ApiKeyRow)
class ApiKeyAdmin(UseCaseAdmin):
    list_display = (
        *("name", "owner", "prefix", "expires_at", "last_used_at", "revoked_at", "created_at", "created_by"),
    )
    list_select_related = ("owner",)
    list_filter = (StateFilter, "created_at")
    search_fields = ("name", "public_id", "owner__name")
    search_help_text = "A part of the name, of the prefix or of the owner's name, or an id"
    id_fields = ("id", "owner_id")
    fields = ("id", "owner", "name", "prefix", "scope_list", *list_display[3:])
    secret_fields = ("digest",)
    row_pages = ("roll",)
    use_case_actions = (
        UseCaseAction(
            name="revoke",
            warning="It will be rejected permanently.",
            success="The key {} is revoked: it is rejected within a second.",
            is_applicable=lambda row: row.revoked_at is None,
            run=lambda cases, row, context: cases.keys.revoke(row.owner_id, row.pk, context),
        ),
    )

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ApiKeyForm(request.POST or None, initial={"owner": request.GET.get("owner", ""), "ticket": new_ticket()})
        if form.is_valid():
            issued = self._issued(request, form, "operator:issue_key", "", _issue)
            if issued is not None:
                return issued
        return self.page(request, "goatfish/form.html", {"form": form, "title": "Issue a key", "submit": "Issue"})

    def may_roll(self, request: HttpRequest, row: ApiKeyRow) -> bool:
        """Whether the key may be replaced by a new one: that changes the one and adds the other."""
        return self.may_change(request, row) and self.has_add_permission(request)

    def tools(self, request: HttpRequest, row: Any) -> list[tuple[str, str]]:
        is_open = row.revoked_at is None and (row.expires_at is None or row.expires_at > datetime.now(UTC))
        own = [(self.url_of("roll", row), "Roll")] if is_open and self.may_roll(request, row) else []
        return own + super().tools(request, row)

    def roll_page(self, request: HttpRequest, row: ApiKeyRow) -> HttpResponse:
        """The form that rolls the key, and the page with the new one."""
        if not self.may_roll(request, row):
            raise PermissionDenied("Rolling a key needs the permissions to add and to change keys.")
        form = RollForm(request.POST or None, initial={"ticket": new_ticket()})
        if form.is_valid():
            issued = self._issued(
                request,
                form,
                "operator:roll_key",
                row.pk.hex,
                lambda cases, context, fields: _roll(cases, context, row, fields),
            )
            if issued is not None:
                return issued
        context = {"form": form, "original": row, "title": f"Roll {row}", "submit": "Roll"}
        return self.page(request, "goatfish/form.html", context)

    def _issued(
        self,
        request: HttpRequest,
        form: TicketForm,
        operation: str,
        fingerprint: str,
        work: Callable[[AdminUseCases, WriteContext, dict[str, Any]], Awaitable[dict[str, Any]]],
    ) -> HttpResponse | None:
        """The page with the new key, which is shown once; None where it cannot be issued, which the form says.

        It is the response to the POST itself: to redirect first, the key would have to be stored.
        """
        fields = form.cleaned_data
        idempotency_key = IdempotencyKey(operation=operation, key=fields["ticket"], fingerprint=fingerprint)
        try:
            issued = run_use_case(request, lambda cases, context: work(cases, context, fields), idempotency_key)
        except DomainError as error:
            add_form_error(form, error)
            return None
        if issued["text"] is None:
            messages.warning(request, "This form has already issued its key, which was shown once. Open a new form.")
            return HttpResponseRedirect(list_url("apikeyrow"))
        return self.page(request, "goatfish/key_issued.html", {**issued, "title": f"Key {issued['key'].name}"})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return super().get_search_results(request, queryset, search_term.strip().removeprefix("gf_"))

    @admin.display(ordering="public_id")
    def prefix(self, row: ApiKeyRow) -> str:
        return f"gf_{row.public_id}"

    @admin.display(description="scopes")
    def scope_list(self, row: ApiKeyRow) -> str:
        return ", ".join(sorted(row.scopes))
