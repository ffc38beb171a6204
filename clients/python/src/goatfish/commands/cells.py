"""Text in a terminal: how many cells it takes, made harmless, and cut to a width."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

JOINER, EMOJI_STYLE = "\u200d", "\ufe0f"
_JOINERS = frozenset({JOINER, "\u200c"})  # languages and emoji need them, and they only act on their neighbours
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_EMOJI = range(0x1F300, 0x1FB00)
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_HANGUL_VOWELS = range(0x1160, 0x1200)  # and final consonants: drawn into the syllable before
MOST_MARKS = 8  # a character may carry; more pile up over the lines around


@lru_cache(maxsize=4096)
def printable(text: str, encoding: str = "utf-8") -> str:
    r"""The text in one line, with everything escaped that would move the cursor, change colours or reorder.

    Control characters, bidirectional controls and other invisible ones become ``\x1b``, ``\u202e`` and so on, and so
    does what the encoding lacks.
    """
    if not (text.isascii() and text.isprintable()):
        text = "".join(map(_shown, text))
        text = text.encode(encoding, "backslashreplace").decode(encoding)
        text = "".join(cluster for cluster, _ in clusters(text))  # not all the marks that pile up
    return text


@lru_cache(maxsize=4096)
def _shown(char: str) -> str:
    if unicodedata.category(char) not in _UNSAFE or char in _JOINERS:
        return char
    return repr(char)[1:-1] if char.isascii() else char.encode("ascii", "backslashreplace").decode()


@lru_cache(maxsize=4096)
def width_of(text: str) -> int:
    """The number of cells that this printable text takes."""
    if text.isascii():
        return len(text)
    return sum(width for _, width in clusters(text))


def clusters(text: str) -> Iterator[tuple[str, int]]:
    """The text's characters as they are seen, each with the marks on it, and its number of cells."""
    cluster, width, marks = "", 0, 0
    for char in text:
        own = _cells(char)
        if cluster and (own == 0 or _joins(cluster, width, char)):
            marks += own == 0
            if marks <= MOST_MARKS:
                cluster += char
            if char == EMOJI_STYLE:
                width = max(width, 2)
        else:
            if cluster:
                yield cluster, width
            cluster, width, marks = char, own, 0
    if cluster:
        yield cluster, width


def _joins(cluster: str, width: int, char: str) -> bool:
    """Whether the character is drawn within the one before: joined emoji, and a colour of skin."""
    return width == 2 and (cluster[-1] == JOINER or ord(char) in _SKIN_TONES)  # noqa: PLR2004 -- a wide one's cells


@lru_cache(maxsize=4096)
def _cells(char: str) -> int:
    category = unicodedata.category(char)
    if category in {"Mn", "Me", "Cf"} or ord(char) in _HANGUL_VOWELS:
        return 0
    unknown_emoji = category == "Cn" and ord(char) in _EMOJI  # newer than this Python
    return 2 if unknown_emoji or unicodedata.east_asian_width(char) in {"W", "F"} else 1


def cut(text: str, width: int, ellipsis: str = "…") -> str:
    """The text, if it takes at most so many cells; else its beginning and an ellipsis, which take no more."""
    if width_of(text) <= width:
        return text
    room, kept = width - len(ellipsis), ""
    for cluster, cells in clusters(text):
        room -= cells
        if room < 0:
            break
        kept += cluster
    return kept.rstrip() + ellipsis if width >= len(ellipsis) else ""


def fit(text: str, width: int, *, right: bool = False, ellipsis: str = "…") -> str:
    """The text, cut or filled with spaces, so that it takes this number of cells."""
    shown = cut(text, width, ellipsis)
    spaces = " " * (width - width_of(shown))
    return spaces + shown if right else shown + spaces
