"""Rules of plain values that several entities share."""

import unicodedata

from domain.errors import Fault


def has_control_characters(value: str) -> bool:
    """Whether the text holds control characters or lone surrogates, which no name may."""
    return any(unicodedata.category(character) in {"Cc", "Cs"} for character in value)


def name_faults(value: str, *, max_length: int, field: str = "name") -> list[Fault]:
    """What is wrong with a name: empty or too long when trimmed, control characters or lone surrogates in it."""
    if has_control_characters(value):
        return [Fault(field, "control_characters", f"The {field} holds control characters.")]
    if not value.strip():
        return [Fault(field, "too_short", f"The {field} is empty.")]
    if len(value.strip()) > max_length:
        return [Fault(field, "too_long", f"The {field} is longer than {max_length} characters.")]
    return []
