"""The place in a list as one word, for frameworks that leave the making of it to their users."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from uuid import UUID


def encoded(at: datetime, id: UUID) -> str:
    return urlsafe_b64encode(f"{at.isoformat()} {id}".encode()).decode()


def decoded(cursor: str) -> tuple[datetime, UUID]:
    at, _, id = urlsafe_b64decode(cursor).decode().partition(" ")
    return datetime.fromisoformat(at), UUID(id)
