"""Secret settings from the files that GOATFISH_<NAME>_FILE names, as Docker and Kubernetes mount them."""

import stat
from pathlib import Path
from typing import Any

from pydantic_settings import PydanticBaseSettingsSource

SUFFIX = "_file"
LENGTH_MAX = 65536  # bytes


class SecretFileErrors(Exception):
    """What is wrong with such files: for each field a line."""

    def __init__(self, lines: dict[str, str]) -> None:
        super().__init__(lines)
        self.lines = lines


class FromFiles(PydanticBaseSettingsSource):
    """The content of each file that the sources before it name. Raises ``SecretFileErrors``."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 -- as it is called
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        values, lines, given = {}, {}, self.current_state
        for field in self.settings_cls.model_fields:
            name = field.removesuffix(SUFFIX)
            if name == field or not given.get(field):
                continue
            if name in given:
                lines[field] = "is given beside the setting itself: leave one of them out"
                continue
            try:
                values[name] = read_secret(Path(given[field]))
            except ValueError as error:
                lines[field] = str(error)
        if lines:
            raise SecretFileErrors(lines)
        return values


def read_secret(path: Path) -> str:
    """The one line of a file, without its end. Raises ``ValueError``, which never repeats the content."""
    try:
        # Before it is opened: opening a pipe would wait for a writer.
        if not stat.S_ISREG(path.stat().st_mode):
            raise ValueError(f"names {path}, which is not a file" + (" but a directory" if path.is_dir() else ""))
        with path.open("rb") as file:
            content = file.read(LENGTH_MAX + 1)
    except OSError as error:
        raise ValueError(f"names {path}, which cannot be read: {error.strerror or error}") from None
    try:
        text = content.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"names {path}, which is not UTF-8") from None
    if not text.strip():
        raise ValueError(f"names {path}, which is empty")
    if len(content) > LENGTH_MAX or len(text.splitlines()) > 1 or "\0" in text:
        raise ValueError(f"names {path}, which has more than one line of text")
    return text
