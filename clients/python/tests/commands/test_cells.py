"""Text in cells: its width, what is made harmless, and how it is cut."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from goatfish.commands.cells import clusters, cut, fit, printable, width_of


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("", 0),
        ("wing", 4),
        ("翼型", 4),
        ("ｗｉｎｇ", 8),  # noqa: RUF001 -- of full width
        ("Flu\u0308gel", 6),
        ("Flügel", 6),
        ("각", 2),
        ("\u1100\u1161\u11a8", 2),
        ("👍", 2),
        ("👍🏽", 2),
        ("👩\u200d🔬", 2),
        ("👨\u200d👩\u200d👧\u200d👦", 2),
        ("✈\ufe0f", 2),
        ("🇨🇭", 2),
        ("नमस्ते", 4),
        ("می\u200cخواهم", 7),  # noqa: RUF001 -- Persian
        ("\u0301", 0),
    ],
)
def test_width(text: str, width: int) -> None:
    assert width_of(text) == width


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x00\x7f\x9b", "\\x00\\x7f\\x9b"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\u2066\u2069\u200e\u061c", "\\u2066\\u2069\\u200e\\u061c"),
        ("\u2028\u2029\ufeff\u00ad\u200b", "\\u2028\\u2029\\ufeff\\xad\\u200b"),
        ("\U000e0041", "\\U000e0041"),
        ("\udcff", "\\udcff"),
        ("ok \\n", "ok \\n"),
        ("Tragfläche 翼 👩\u200d🔬", "Tragfläche 翼 👩\u200d🔬"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
@settings(deadline=None, max_examples=30)
@given(st.text())
def test_whatever_is_shown_is_in_one_line_and_can_be_encoded(encoding: str, text: str) -> None:
    shown = printable(text, encoding)
    shown.encode(encoding)
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cs", "Zl", "Zp"}
    assert printable(shown, encoding) == shown


@settings(deadline=None, max_examples=50)
@given(st.text(), st.integers(0, 40))
def test_nothing_is_wider_than_its_room(text: str, width: int) -> None:
    text = printable(text)
    assert width_of(cut(text, width)) <= width
    assert width_of(fit(text, width)) == width_of(fit(text, width, right=True)) == width


def test_marks_stay_with_their_character() -> None:
    assert cut("Flu\u0308gel", 4) == "Flu\u0308…"
    assert cut("翼型翼型", 4) == "翼…"
    assert cut("👩\u200d🔬👩\u200d🔬", 3) == "👩\u200d🔬…"


def test_marks_do_not_pile_up() -> None:
    assert max(len(cluster) for cluster, _ in clusters("a" + "\u0301" * 300)) < 12
    assert len(printable("a" + "\u0301" * 300)) < 12
