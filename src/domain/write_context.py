"""Why a write happens: who asks for it, in which request, and when."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """A client's idempotency key: a request that repeats it is the same request.

    ``operation`` and ``key`` identify it among the owner's, ``fingerprint`` is a digest of the body. The operation is
    named like ``create_simulation``: a verb, and the kind of entity that it creates, or its plural where it creates
    many.
    """

    operation: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteContext:
    """Why a write happens: ``actor`` (``key:<id>`` or ``operator:<name>``), the request it came with, and when."""

    ACTOR_MAX: ClassVar[int] = 200

    actor: str
    request_id: str
    at: datetime
    idempotency_key: IdempotencyKey | None = None
