"""What is decoded by msgspec is what ``json`` makes of it, and what ``json`` refuses is left to it."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.http_fastapi.kit.json_decoding import DIGITS_MAX, decode, decode_plain
from adapters.http_fastapi.kit.problems import ProblemException

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


def decoded(raw: bytes) -> Any:
    """What ``json`` makes of it; None for what it refuses."""
    try:
        return decode(raw.decode())
    except (ValueError, RecursionError, ProblemException):
        return None


@given(values, st.booleans())
def test_a_value_is_that_of_json(value: Any, escaped: bool) -> None:
    raw = json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    found = decode_plain(raw)
    assert found is None or repr(found) == repr(decoded(raw))  # 0 is equal to -0.0, and 1 to True


names = st.sampled_from(["a", "b", "", "x,y", ",", "\\u002c", '\\"', "[{"])
"""As JSON writes them."""
texts_with_repeated_members = st.recursive(
    st.sampled_from(["1", "-0", "0.5", "null", "true", "{}", "[]", "NaN"]) | names.map('"{}"'.format),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(names, inner).map('"{0[0]}":{0[1]}'.format), max_size=3).map(
            lambda members: f"{{{','.join(members)}}}"
        )
    ),
    max_leaves=10,
)


@given(texts_with_repeated_members)
@example('{"a":1,"a":2,"b":"\\u002c"}')
@example('{"a":{"b":1,"b":2},"c":"x,y"}')
@example('{"a":[{"b":[{"c":1,"c":2}]}]}')
def test_what_json_refuses_is_left_to_it(text: str) -> None:
    found = decode_plain(text.encode())
    assert found is None or repr(found) == repr(decoded(text.encode()))


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":2}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        b'{"a":NaN}',
        b'{"a":%s}' % (b"9" * (DIGITS_MAX + 1)),
        b'{"a":%s}' % (b"9" * 5000),
        b'{"a":' + b"[" * 10_000,
    ],
    ids=lambda raw: f"{raw[:20]!r} {len(raw)}",
)
def test_nothing_wrong_is_taken(raw: bytes) -> None:
    assert decode_plain(raw) is None


@pytest.mark.parametrize("text", ["x, y", "a {b} [c]", "d" * (2 * DIGITS_MAX), "é🐐, ", "1" * DIGITS_MAX])
def test_texts_of_every_kind_are_taken(text: str) -> None:
    value = {"name": text, "of": {text[:9]: {"value": text}}, "list": [{"a": text}]}
    assert decode_plain(json.dumps(value, ensure_ascii=False).encode()) == value
