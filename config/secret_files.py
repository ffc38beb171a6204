"""Secrets that are made where they are needed first, and kept in a file."""

import os
import secrets
from pathlib import Path

SECRET_MIN = 32  # characters


def kept_secret(path: Path) -> str:
    """The secret in this file, made (mode 0600) by whichever process comes first; raises OSError or ValueError."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(48) + "\n")
                file.flush()
                os.fsync(file.fileno())
            # A link appears complete or not at all, and never replaces the one another process has made.
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    secret = path.read_text(encoding="ascii").strip()
    if len(secret) < SECRET_MIN:
        raise ValueError(f"is too short in {path}: remove the file and a new one is made")
    return secret
