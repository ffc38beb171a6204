"""How conditions of a request are read, and what they ask of an object."""

import time
from contextlib import suppress

import pytest
from starlette.requests import Request

from adapters.http_fastapi.kit.conditional_requests import etag, known_etags, precondition
from adapters.http_fastapi.kit.context import KEY, RequestContext, by_name
from adapters.http_fastapi.kit.problems import ProblemException
from domain.errors import Stale
from tests.factories import SimulationFactory

STORED = SimulationFactory.build(version=7)


def request(**headers: str | list[str]) -> Request:
    lines = [
        (name.replace("_", "-").encode(), value.encode("latin-1"))
        for name, values in headers.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    return Request({"type": "http", "headers": lines, KEY: RequestContext(by_name(lines), "a-test")})


def passes(**headers: str | list[str]) -> bool:
    try:
        precondition(request(**headers))(STORED)
    except Stale:
        return False
    return True


def test_a_tag_is_strong_and_of_the_version() -> None:
    assert etag(STORED) == '"7"'
    assert etag(SimulationFactory.build(version=8)) == '"8"'


def test_without_conditions_everything_passes() -> None:
    assert passes()
    assert list(known_etags(request())) == []


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("*", True),
        (" * ", True),
        ('"7"', True),
        (' "7" ', True),
        ('\t"7"\t,', True),
        ('"6","7"', True),
        ('"6" , "7"', True),
        (',,"7"', True),
        (' , , "7" , , ', True),
        (['"6"', '"7"'], True),
        (['"6", "8"', 'W/"6", "7"'], True),
        (["", '"7"'], True),
        ('"a,b", "7"', True),
        ('"W/", "7"', True),
        ('"\xe9", "7"', True),
        ('"!#$%&\'()*+-./:;<=>?@[]^_`{|}~"', False),
        ('"6"', False),
        ('W/"7"', False),
        (['W/"7"', '"6"'], False),
        ('"07"', False),
        ('""', False),
        ('"7,"', False),
        ('"*"', False),
    ],
    ids=repr,
)
def test_if_match_compares_strongly(lines: str | list[str], expected: bool) -> None:
    assert passes(if_match=lines) is expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("*", False),
        ('"7"', False),
        ('W/"7"', False),
        ('"6", W/"7"', False),
        ('"6"', True),
        ('W/"6"', True),
        ('""', True),
    ],
    ids=repr,
)
def test_if_none_match_compares_weakly(lines: str, expected: bool) -> None:
    assert passes(if_none_match=lines) is expected
    had = known_etags(request(if_none_match=lines))
    assert ('"7"' in had or "*" in had) is not expected


def test_both_conditions_have_to_hold() -> None:
    assert passes(if_match='"7"', if_none_match='"6"')
    assert not passes(if_match='"7"', if_none_match='"7"')
    assert not passes(if_match='"6"', if_none_match='"6"')


@pytest.mark.parametrize("name", ["If-Match", "If-None-Match"])
@pytest.mark.parametrize(
    "lines",
    [
        *(
            "",
            " ",
            ",",
            " , ,",
            "7",
            '"7',
            '7"',
            '"7"x',
            '"7" "8"',
            '"7";q=1',
            "'7'",
            "W/7",
            'w/"7"',
            'W /"7"',
            '"a b"',
        ),
        *('"\x7f"', '"\t"', '"\x00"', "**", "*, *", '*, "7"', '"7", *', '"7"\xa0', '"7"\x85, "8"', '"7"\x0b', '"7"\n'),
        *(["*", "*"], ["*", '"7"'], ['"7', '"'], ["", ""]),
    ],
    ids=repr,
)
def test_what_is_no_list_of_tags_is_refused_with_its_header(name: str, lines: str | list[str]) -> None:
    sent = request(**{name.lower().replace("-", "_"): lines})
    with pytest.raises(ProblemException) as refused:
        precondition(sent)
    assert refused.value.kind.code == "validation_failed"
    assert [(error.header, error.code) for error in refused.value.errors] == [(name, "entity_tag")]


@pytest.mark.parametrize(
    "text", ['"1",' * 8000, "," * 32_000, " " * 32_000, '"' * 32_000, 'W/"1" ' * 5000, '"1"' + " ," * 16_000 + "x"]
)
def test_no_condition_takes_long_to_read(text: str) -> None:
    began = time.perf_counter()
    with suppress(ProblemException):
        precondition(request(if_match=text))
    assert time.perf_counter() - began < 0.5
