"""Rules of plain values that several entities share."""

import re
from uuid import UUID

from domain.errors import Violation

# Unicode's categories Cc and Cs, which do not grow.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def has_control_characters(value: str) -> bool:
    """Whether the text holds control characters or lone surrogates, which no name may."""
    return _CONTROL.search(value) is not None


def as_id(text: str) -> UUID | None:
    """The id that this text is, in any of the spellings that ``UUID`` reads; None where it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def name_violations(value: str, *, max_length: int, field: str = "name") -> list[Violation]:
    """What is wrong with a name: empty or too long when trimmed, control characters or lone surrogates in it."""
    if has_control_characters(value):
        return [Violation(field, "control_characters", f"The {field} holds control characters.")]
    length = len(value.strip())
    if not length:
        return [Violation(field, "too_short", f"The {field} is empty.")]
    if length > max_length:
        return [Violation(field, "too_long", f"The {field} is longer than {max_length} characters.")]
    return []


def trimmed_violations(value: str, *, max_length: int, field: str = "name") -> list[Violation]:
    """What is wrong with a name as it is kept: the same, or blanks at its ends."""
    violations = name_violations(value, max_length=max_length, field=field)
    if not violations and value != value.strip():
        return [Violation(field, "blanks", f"The {field} begins or ends with blanks.")]
    return violations
