"""What the recording asks of a service, over the connections of a client."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Union

from goatfish.decoding import decoded, items_of, object_of, unexpected
from goatfish.errors import PermissionDenied
from goatfish.files import replace_file
from goatfish.http.request import new_request
from goatfish.models import Caller
from goatfish.recording import spool

if TYPE_CHECKING:
    from goatfish.async_api.client import AsyncClient
    from goatfish.http.response import Response
    from goatfish.sync_api.client import Client
    from goatfish.sync_api.sender import Connections, Sender

SECONDS = 10.0
"""How long the recording waits for an answer."""
_PUBLIC = re.compile(r"(gf_[0-9A-Za-z]+)_.+")


def public_part(key: str) -> str:
    """What a key is recognised by, without its secret."""
    found = _PUBLIC.fullmatch(key)
    return found[1] if found else f"sha256:{sha256(key.encode()).hexdigest()[:16]}"


class Service:
    """A service with one key, as the journals know it. Each method sends; what it raises is the client's errors."""

    def __init__(self, sender: Sender, owners: Owners) -> None:
        self._sender = sender
        self._owners = owners
        self._simulations: dict[str, str] = {}
        self._own_connections: Optional[Connections] = None
        self._keys_are_known = False
        self.url = sender.configuration.url
        self.key = public_part(sender.configuration.key)

    @classmethod
    def of(cls, client: Union[Client, AsyncClient], *, retries: int = 0) -> Service:
        """The service of a client, over connections that threads can share."""
        from goatfish.sync_api.sender import Connections, Sender  # noqa: PLC0415 -- not needed without a client

        given = client._sender
        timeout = SECONDS if given.timeout is None else min(given.timeout, SECONDS)
        if isinstance(given.connections, Connections):
            return cls(Sender(given.configuration, given.connections, timeout, retries), OWNERS)
        connections = Connections(given.configuration.url, _for_threads(given.connections._transport))
        service = cls(Sender(given.configuration, connections, timeout, retries), OWNERS)
        service._own_connections = connections
        return service

    def close(self) -> None:
        """Close the connections, where they are not the client's own."""
        if self._own_connections is not None:
            self._own_connections.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Optional[Mapping[str, str]] = None,
        json: Any = None,
        idempotency_key: Optional[str] = None,
    ) -> Response:
        """Send a request."""
        request = new_request(method, path, params=params, json=json, idempotency_key=idempotency_key)
        return self._sender.send(request)

    def ask(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        """The object that the service answers with. Raises ``UnexpectedResponse`` where it is none of Goatfish's."""
        answer = self.call(method, path, **sent)
        found = decoded(answer)
        if not isinstance(found.get("id"), str):
            raise unexpected(answer)
        return found

    def runs_with(self, external_id: str) -> list[dict[str, Any]]:
        """The runs with this external id: one at most."""
        answer = self.call("GET", "/api/v1/runs", params={"external_id": external_id})
        return items_of(decoded(answer), answer)

    def known_owner(self, key: Optional[str] = None, url: Optional[str] = None) -> Optional[str]:
        """Whose key this is, this service's by default, as far as it was learned before."""
        return self._owners.find(url or self.url, key or self.key)

    def owner(self) -> str:
        """Whose key this service is called with."""
        known = self.known_owner()
        if known is None:
            known = object_of(Caller, self.call("GET", "/api/v1/me")).owner.id
            self._owners.learn(self.url, [self.key], known)
        return known

    def owner_of(self, key: str) -> Optional[str]:
        """Whose key this is, by its public part: as it was learned before, or as it is among the owner's keys."""
        known = self.known_owner(key)
        if known is None and not self._keys_are_known:
            self._keys_are_known = True
            self.learn_keys()
            known = self.known_owner(key)
        return known

    def learn_keys(self) -> None:
        """Learn whose key it is, and all keys of this owner, ended ones as well, where this one may manage them."""
        owner = self.owner()
        from goatfish.sync_api.keys import Keys  # noqa: PLC0415 -- seldom needed

        try:
            prefixes = [key.prefix for key in Keys(self._sender).list(limit=100)]
        except PermissionDenied:
            return
        self._owners.learn(self.url, prefixes, owner)

    def simulation(self, wanted: Mapping[str, Any]) -> str:
        """The id of a simulation that is named by id or by name; one by name is made where there is none."""
        if wanted.get("id"):
            return str(wanted["id"])
        name = str(wanted["name"])
        if name not in self._simulations:
            from goatfish.sync_api.simulations import Simulations  # noqa: PLC0415 -- not needed without a client

            self._simulations[name] = Simulations(self._sender).ensure(name).id
        return self._simulations[name]

    def forget_simulation(self, wanted: Mapping[str, Any]) -> bool:
        """After it was found deleted; whether another can be had by its name."""
        return not wanted.get("id") and self._simulations.pop(str(wanted["name"]), None) is not None


class Owners:
    """Whose keys are whose, as it was learned before: a file beside the journals."""

    def __init__(self) -> None:
        self._known: Optional[dict[str, str]] = None

    def find(self, url: str, key: str) -> Optional[str]:
        """The owner's id, or None where it was never learned."""
        if self._known is None:
            self._known = self._load()
        return self._known.get(f"{key} {url}")

    def learn(self, url: str, keys: Iterable[str], owner: str) -> None:
        """Keep it for later; where that fails it is asked again. ``keys`` are public parts."""
        found = {f"{key} {url}": owner for key in keys}
        self._known = {**self._load(), **(self._known or {}), **found}
        with suppress(OSError):
            replace_file(self._path(), json.dumps(self._known, indent=1))

    def _load(self) -> dict[str, str]:
        try:
            known = json.loads(self._path().read_text())
        except (OSError, ValueError):
            return {}
        return {k: v for k, v in known.items() if isinstance(v, str)} if isinstance(known, dict) else {}

    @staticmethod
    def _path() -> Path:
        return spool.first_that(lambda folder: folder / "owners.json")


OWNERS = Owners()


def _for_threads(transport: Any) -> Any:
    """A transport of an ``AsyncClient`` for use in a thread: as it is, or in an event loop of its own."""
    from goatfish.http.library import httpx  # noqa: PLC0415 -- takes long to import

    if transport is None or isinstance(transport, httpx.BaseTransport):
        return transport
    from goatfish.recording.bridge import Bridge  # noqa: PLC0415 -- for tests' own transports only

    return Bridge(transport)
