"""Checks of plain values that several entities share."""

import re
import unicodedata
from uuid import UUID

CONTROL_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Unicode's categories Cc and Cs, which do not grow."""
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Characters of other categories without a glyph: fillers, variation selectors, the empty Braille pattern."""


def has_control_characters(value: str) -> bool:
    """Whether the text holds control characters or lone surrogates, which no name may."""
    return CONTROL_CHARACTERS.search(value) is not None


def is_visible(value: str) -> bool:
    """Whether anything of the text can be seen: not white space and invisible characters alone."""
    return any(map(_has_glyph, value))


def _has_glyph(one: str) -> bool:
    return unicodedata.category(one) not in _INVISIBLE_CATEGORIES and not _BLANK.match(one)


def as_id(text: str) -> UUID | None:
    """The UUID that the text spells, in any form that ``UUID`` reads; None for any other text."""
    try:
        return UUID(text)
    except ValueError:
        return None
