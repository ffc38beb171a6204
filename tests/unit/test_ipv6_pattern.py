"""The pattern of IPv6 addresses takes what Python's own reader takes, and nothing else."""

import ipaddress
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.ipv6_pattern import IPV6_PATTERN


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _matches(text: str) -> bool:
    return re.fullmatch(IPV6_PATTERN, text) is not None


@pytest.mark.parametrize("after", range(9))
@pytest.mark.parametrize("before", range(9))
def test_groups_around_a_gap(before: int, after: int) -> None:
    for last in ([], ["1.2.3.4"]):
        text = ":".join(["ab"] * before) + "::" + ":".join(["cD09"] * after + last)
        assert _matches(text) is _is_address(text), text


@pytest.mark.parametrize("text", ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4", "::", "::ffff:255.255.255.255"])
def test_addresses(text: str) -> None:
    assert _matches(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        ":::",
        "1",
        "1.2.3.4",
        "C2f37aF.aC70f",
        "1:2:3:4:5:6:7",
        "1::2::3",
        "::12345",
        "::1.2.3.256",
        "::01.2.3.4",
    ],
)
def test_what_is_none(text: str) -> None:
    assert not _matches(text)


@settings(max_examples=300)
@given(st.one_of(st.ip_addresses(v=6).map(str), st.text("0aF:.", max_size=20)))
def test_any_text(text: str) -> None:
    assert _matches(text) is _is_address(text)
