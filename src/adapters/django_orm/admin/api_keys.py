"""Pages of API keys: issue one, which is shown only once, and revoke it. Digests are never shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpResponseRedirect

from adapters.django_orm.admin.read_only import ConditionFilter, list_url
from adapters.django_orm.admin.use_case_actions import (
    AdminUseCases,
    UseCaseAction,
    UseCaseAdmin,
    add_form_error,
    run_use_case,
)
from adapters.django_orm.models import ApiKeyRow
from domain.access.api_key import ApiKey
from domain.access.owner import Owner
from domain.access.scopes import Scope
from domain.access.token import ApiKeyToken
from domain.errors import DomainError
from domain.idempotency import IDEMPOTENCY_TTL, DuplicateRequest
from domain.write_context import IdempotencyKey, WriteContext

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

SOON = timedelta(days=30)
ENDS_SOON = f"ends within {SOON.days} days"
_SALT = "goatfish.admin.key"


class ApiKeyForm(forms.Form):
    """The form for a new key. Its ticket is an idempotency key: sent again, the form issues no second key."""

    owner = forms.CharField(max_length=max(Owner.NAME_MAX, 36), help_text="The owner's name or id.")
    name = forms.CharField(max_length=ApiKey.NAME_MAX, help_text="What the key is for.")
    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, scope.value) for scope in Scope],
        initial=[scope.value for scope in Scope],
        widget=forms.CheckboxSelectMultiple,
    )
    expires_at = forms.DateTimeField(
        required=False,
        label="Expires",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="In UTC. If empty, the key never expires.",
    )
    ticket = forms.CharField(widget=forms.HiddenInput)

    def clean_ticket(self) -> str:
        """The ticket's id. Rejects a ticket older than idempotency records are kept."""
        try:
            id: str = signing.loads(
                self.cleaned_data["ticket"], salt=_SALT, max_age=IDEMPOTENCY_TTL - timedelta(hours=1)
            )
        except signing.BadSignature:
            raise forms.ValidationError("This form is too old. Open a new one.") from None
        return id


async def _issue(
    cases: AdminUseCases, context: WriteContext, fields: dict[str, Any]
) -> tuple[Owner, ApiKey, ApiKeyToken]:
    owner = await cases.owners.get(fields["owner"])
    scopes = frozenset(map(Scope, fields["scopes"]))
    key, text = await cases.keys.create(
        owner.id, context, name=fields["name"], scopes=scopes, expires_at=fields["expires_at"]
    )
    return owner, key, text


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
    use_case_actions = (
        UseCaseAction(
            name="revoke",
            warning="It will be rejected permanently.",
            success="{} is revoked: it is rejected within a second.",
            is_applicable=lambda row: row.revoked_at is None,
            run=lambda cases, row, context: cases.keys.revoke(row.owner_id, row.pk, context),
        ),
    )

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ApiKeyForm(request.POST or None, initial=_initial(request))
        if form.is_valid():
            fields = form.cleaned_data
            # The response to the POST shows the key: to redirect first, it would have to be stored.
            idempotency_key = IdempotencyKey(operation="operator:issue_key", key=fields["ticket"], fingerprint="")
            try:
                owner, key, text = run_use_case(
                    request, lambda cases, context: _issue(cases, context, fields), idempotency_key
                )
            except DuplicateRequest:
                messages.warning(
                    request, "This form has already issued its key, which was shown once. Open a new form."
                )
                return HttpResponseRedirect(list_url("apikeyrow"))
            except DomainError as error:
                add_form_error(form, error)
            else:
                context = {"owner": owner, "key": key, "text": text.reveal(), "title": f"Key {key.name}"}
                return self.page(request, "goatfish/key_issued.html", context)
        return self.page(request, "goatfish/form.html", {"form": form, "title": "Issue a key", "submit": "Issue"})

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


def _initial(request: HttpRequest) -> dict[str, str]:
    return {"owner": request.GET.get("owner", ""), "ticket": signing.dumps(uuid4().hex, salt=_SALT)}
