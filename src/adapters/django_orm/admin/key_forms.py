"""The forms that issue and roll API keys: sent again, each issues no second key."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from django import forms
from django.core import signing

from domain.access.api_key import ApiKey
from domain.access.owner import Owner
from domain.access.scopes import Scope
from domain.idempotency import IDEMPOTENCY_TTL

_SALT = "goatfish.admin.key"


def _moment_input() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class TicketForm(forms.Form):
    """A form for one new key. Its ticket is an idempotency key: sent again, the form issues no second key."""

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


class ApiKeyForm(TicketForm):
    """The form for a new key."""

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
        widget=_moment_input(),
        help_text="In UTC. If empty, the key never expires.",
    )


class RollForm(TicketForm):
    """The form that rolls a key."""

    overlap = forms.TypedChoiceField(
        choices=[
            (0, "ends at once"),
            (3600, "1 hour"),
            (86400, "1 day"),
            (7 * 86400, "7 days"),
            (30 * 86400, "30 days"),
        ],
        coerce=lambda seconds: timedelta(seconds=int(seconds)),
        initial=86400,
        label="Old key",
        help_text="How long the old key stays valid beside the new one, if it does not end before.",
    )
    expires_at = forms.DateTimeField(
        required=False,
        label="Expires",
        widget=_moment_input(),
        help_text="In UTC. If empty, the new key lives as long as the old one was issued for.",
    )


def new_ticket() -> str:
    """What identifies a form."""
    return signing.dumps(uuid4().hex, salt=_SALT)
