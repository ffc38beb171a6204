"""The use cases of webhooks, a method each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from domain.access.scopes import Scope, require_scopes, scopes_to
from domain.entity import create, validated, with_values
from domain.errors import Conflict, Invalid, Unfit, Violation
from domain.paging import Comparison, Condition, Page, PageRequest
from domain.repository import OwnerId, Precondition, Repository, no_precondition
from domain.webhooks.addresses import AddressRefused, AllowedAddresses
from domain.webhooks.delivery import DELIVERIES_KEPT, Delivery
from domain.webhooks.ports import Deliveries
from domain.webhooks.secrets import SecretBox, is_secret, new_secret
from domain.webhooks.webhook import KINDS, Webhook
from domain.write_context import WriteContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """The use cases of one owner's webhooks. A foreign or unknown id raises ``NotFound``.

    ``scopes`` are those of the key in use: it must be allowed to read what a webhook sends (``Denied``). ``networks``
    may be sent to though they are not public, and without TLS.
    """

    repository: Repository[Webhook]
    deliveries: Deliveries
    secrets: SecretBox
    new_id: Callable[[], UUID]
    random_bytes: Callable[[int], bytes]
    networks: Sequence[str] = ()

    async def create(
        self,
        owner: OwnerId,
        context: WriteContext,
        precondition: Precondition = no_precondition,
        *,
        scopes: frozenset[Scope],
        secret: str | None = None,
        **values: Any,
    ) -> tuple[Webhook, str]:
        """Makes and stores a webhook, which is sent what changes from now on.

        Its secret is returned now and never again; without a ``secret`` one is generated. Raises ``Invalid``, and
        ``Conflict`` where the owner has too many.
        """
        _require_readable(values["kinds"], scopes)
        made = self._create(owner, context, secret, values)
        precondition(None)
        text = secret or new_secret(self.random_bytes)
        made = replace(made, secret=self.secrets.seal(text, owner, made.id))
        await self.repository.of(owner).add(made, context)
        return made, text

    def _create(self, owner: OwnerId, context: WriteContext, secret: str | None, values: dict[str, Any]) -> Webhook:
        violations = [*_secret_violations(secret), *_url_violations(values, self.networks)]
        try:
            made = create(Webhook, id=self.new_id(), owner_id=owner, now=context.at, **values)
        except Invalid as error:
            raise Invalid([*error.violations, *violations]) from error
        if violations:
            raise Invalid(violations)
        return made

    async def get(self, owner: OwnerId, id: UUID) -> Webhook:
        return await self.repository.of(owner).get(id)

    async def list(self, owner: OwnerId, request: PageRequest) -> Page[Webhook]:
        return await self.repository.of(owner).page(request)

    async def update(
        self,
        owner: OwnerId,
        id: UUID,
        context: WriteContext,
        precondition: Precondition = no_precondition,
        *,
        scopes: frozenset[Scope],
        **values: Any,
    ) -> Webhook:
        """Changes the given fields. What could not be delivered is tried again at once. Raises ``Invalid``."""
        if violations := _url_violations(values, self.networks):
            raise Invalid(violations)
        values = validated(Webhook, values)

        def updated(stored: Webhook) -> Webhook:
            precondition(stored)
            after = with_values(stored, values, now=context.at)
            if after is stored:
                return stored
            _require_readable(after.kinds, scopes)
            return replace(after, disabled_reason=None) if after.enabled else after

        return await self.repository.of(owner).change(id, updated, context)

    async def delete(
        self, owner: OwnerId, id: UUID, context: WriteContext, precondition: Precondition = no_precondition
    ) -> None:
        """Deletes the webhook, and what it has not been sent yet is not sent."""
        await self.repository.of(owner).remove(id, context, precondition)

    async def roll(
        self,
        owner: OwnerId,
        id: UUID,
        context: WriteContext,
        precondition: Precondition = no_precondition,
        *,
        overlap: timedelta,
        secret: str | None = None,
    ) -> tuple[Webhook, str]:
        """Gives the webhook another secret, which is returned now and never again.

        For as long as they ``overlap``, messages are signed with the present secret as well. The secret that it has
        already changes nothing, so such a request can be repeated. Raises ``Invalid``.
        """
        if violations := [*_secret_violations(secret), *Webhook.overlap_violations(overlap)]:
            raise Invalid(violations)
        text = secret or new_secret(self.random_bytes)
        sealed = self.secrets.seal(text, owner, id)

        def rolled(stored: Webhook) -> Webhook:
            precondition(stored)
            present = self.secrets.open(stored.secret, owner, id)
            return stored if present and present.text == text else stored.rolled(sealed, context.at, overlap)

        return await self.repository.of(owner).change(id, rolled, context), text

    async def attempts(self, owner: OwnerId, id: UUID, request: PageRequest) -> Page[Delivery]:
        """One page of the attempts to deliver messages to this webhook."""
        await self.get(owner, id)
        return await self.deliveries.of(owner).page(replace(request, conditions=(_equal("webhook_id", id),)))

    async def request(self, owner: OwnerId, id: UUID, repeat: UUID | None) -> None:
        """Has the message of this delivery sent once more, or a ping where that is None.

        Raises ``Unfit`` for an unknown delivery, and for one of a kind that the webhook is sent no longer: whoever has
        set its URL since then need not be allowed to read that. ``Conflict`` where another request is still waiting.
        """
        webhook = await self.get(owner, id)
        if repeat is not None:
            wanted = PageRequest(limit=1, conditions=(_equal("webhook_id", id), _equal("id", repeat)))
            found = (await self.deliveries.of(owner).page(wanted)).items
            if not found or found[0].kind not in {None, *webhook.kinds}:
                detail = "The webhook has no delivery with this id, of a kind that it is sent."
                raise Unfit([Violation("repeat", "unknown_delivery", detail)])
        if not await self.deliveries.of(owner).request(id, repeat or id):
            raise Conflict("delivery_requested", "Another requested delivery to this webhook is still waiting.")

    async def purge(self, now: datetime) -> int:
        """Deletes the deliveries of all owners that are older than ``DELIVERIES_KEPT``; returns how many."""
        return await self.deliveries.purge(now - DELIVERIES_KEPT)


def _require_readable(kinds: Sequence[str], scopes: frozenset[Scope]) -> None:
    require_scopes(scopes, {scopes_to(KINDS[kind])[0] for kind in kinds if kind in KINDS})


def _secret_violations(secret: str | None) -> list[Violation]:
    if secret is None or is_secret(secret):
        return []
    return [Violation("secret", "malformed", "A secret is whsec_ and the base64 of 24 to 64 bytes.")]


def _url_violations(values: dict[str, Any], networks: Sequence[str]) -> list[Violation]:
    """What is wrong with a URL; one whose host is a name is looked at again when it is connected to."""
    try:
        url = urlsplit(str(values.get("url", "")).strip().lower())
        if url.scheme == "http" and not networks:
            return [Violation("url", "not_https", "The url must begin with https://.")]
        if url.scheme in {"http", "https"}:
            AllowedAddresses(networks, public=url.scheme == "https").require(url.hostname or "")
    except AddressRefused as error:
        return [Violation("url", "address_refused", str(error))]
    except ValueError:  # a name, or no URL at all
        pass
    return []


def _equal(attribute: str, value: UUID) -> Condition:
    return Condition(attribute, Comparison.EQUAL, value)
