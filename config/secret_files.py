"""Secrets that are generated, and stored in a file by the process that needs them to last."""

import os
import secrets
from pathlib import Path

SECRET_MIN = 32  # characters


def load_or_create_secret(path: Path) -> str:
    """The secret in this file, which the first process creates with mode 0600. Raises OSError or ValueError."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_urlsafe(48) + "\n")
                file.flush()
                os.fsync(file.fileno())
            # Linking is atomic, and fails where another process has created the file meanwhile.
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return _read(path)


def load_or_generate_secret(path: Path) -> str:
    """The secret in this file, or else a new one, which is not stored. Raises OSError or ValueError."""
    return _read(path) if path.exists() else secrets.token_urlsafe(48)


def _read(path: Path) -> str:
    secret = path.read_text(encoding="ascii").strip()
    if len(secret) < SECRET_MIN:
        raise ValueError(f"is too short in {path}: delete the file, and a new one will be generated")
    return secret
