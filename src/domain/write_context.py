"""Why a write happens: who asks for it, in which request, and when."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """The client's promise that a repeated request is the same request.

    ``operation`` and ``key`` name it within its owner, ``fingerprint`` is a digest of the body. An operation is named
    like ``create_simulation``: its last word is the kind of what it makes.
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
