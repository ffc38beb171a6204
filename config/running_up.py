"""What ``goatfish up`` leaves in var/ for the commands beside it: its database, for as long as it runs."""

import errno
import fcntl
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from pydantic_settings import PydanticBaseSettingsSource

from config.databases import DatabaseUrl

FILE = Path("var/up.json")


@dataclass(frozen=True, kw_only=True)
class LeftSettings:
    """The settings that decide on which database a command works."""

    database_url: str
    operator_database_url: str | None
    one_role: bool
    secret_key: str

    @property
    def operator_url(self) -> DatabaseUrl:
        """The database of commands."""
        return DatabaseUrl(self.operator_database_url or self.database_url)


def leave(left: LeftSettings) -> IO[str]:
    """Writes them to ``FILE``, with mode 0600. They count until the returned file is closed, or the process ends.

    The file is locked: the system releases the lock however the process ends. It stays, to tell what was used last.
    """
    FILE.parent.mkdir(parents=True, exist_ok=True)
    draft = FILE.with_name(f".{FILE.name}.{secrets.token_hex(8)}")
    file = os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        json.dump(asdict(left), file, indent=2)
        file.flush()
        draft.replace(FILE)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return file


def read_left() -> tuple[LeftSettings, bool] | None:
    """What the last ``goatfish up`` here has left, and whether it runs; None where there was none. Raises OSError."""
    try:
        file = FILE.open(encoding="utf-8")
    except FileNotFoundError:
        return None
    with file:
        try:
            left = LeftSettings(**json.load(file))
            _ = left.operator_url
        except (ValueError, TypeError):
            raise OSError(errno.EBADMSG, "it is damaged, delete it", str(FILE)) from None
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return left, True
        return left, False


class RunningUp(PydanticBaseSettingsSource):
    """The settings of a running ``goatfish up``, all or none: none where the sources before it name a database."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 -- as it is called
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        if self.current_state.keys() & {"database_url", "operator_database_url"}:
            return {}
        found = read_left()
        return asdict(found[0]) if found and found[1] else {}
