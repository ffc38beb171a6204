"""If-Match and If-None-Match: parsing, and comparing with the stored version."""

import asyncio
import re
import time
from collections.abc import Sequence
from contextlib import suppress

import pytest
from pydantic import BaseModel, Field, create_model

from adapters.http_fastapi.kit.conditional_requests import EntityTags
from adapters.http_fastapi.kit.context import by_name
from adapters.http_fastapi.kit.entities.entity_schemas import view
from adapters.http_fastapi.kit.problems import ProblemException
from adapters.http_fastapi.resources.api_key_schemas import ApiKeyView
from domain.errors import Stale
from domain.repository import Precondition
from domain.simulations.simulation import Simulation
from tests.factories import SimulationFactory

STORED = SimulationFactory.build(version=7)
SIMULATION = view(Simulation)
TAGS = EntityTags(SIMULATION)
TAG = TAGS.of(STORED)


def header(name: str, lines: str | list[str] | None) -> str | None:
    """The value that an endpoint sees of these header lines; ``"7"`` stands for the stored version's tag."""
    if lines is None:
        return None
    sent = [(name.encode(), line.encode("latin-1")) for line in ([lines] if isinstance(lines, str) else lines)]
    return by_name(sent)[name.encode()].decode("latin-1").replace('"7"', TAG)


def precondition(**lines: str | list[str]) -> Precondition:
    return asyncio.run(TAGS.precondition(**{name: header(name, each) for name, each in lines.items()}))


def known_tags(lines: str | list[str] | None = None) -> Sequence[str]:
    return asyncio.run(TAGS.known(header("if-none-match", lines)))


def passes(**lines: str | list[str]) -> bool:
    try:
        precondition(**lines)(STORED)
    except Stale:
        return False
    return True


def test_a_tag_is_strong_and_contains_the_version() -> None:
    assert re.fullmatch('"7-[0-9a-f]{6}"', TAG)
    assert TAGS.of(SimulationFactory.build(version=8)) == TAG.replace("7", "8", 1)


def test_a_tag_depends_on_the_schema() -> None:
    more = create_model("More", __base__=SIMULATION, more=(int, ...))
    other = create_model("Other", __base__=SIMULATION, name=(str | None, ...))
    described = create_model("Described", __base__=SIMULATION, name=(str, Field(description="In other words.")))
    views: list[type[BaseModel]] = [SIMULATION, ApiKeyView, more, other]
    assert len({EntityTags(view).of(STORED) for view in views}) == len(views)
    assert EntityTags(described).of(STORED) == TAG


def test_without_conditions_everything_passes() -> None:
    assert passes()
    assert list(known_tags()) == []


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
    assert (TAG in known_tags(lines) or "*" in known_tags(lines)) is not expected


def test_both_conditions_must_hold() -> None:
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
def test_a_malformed_list_of_tags_is_rejected_and_its_header_named(name: str, lines: str | list[str]) -> None:
    with pytest.raises(ProblemException) as refused:
        precondition(**{name.lower().replace("-", "_"): lines})
    assert refused.value.kind.code == "validation_failed"
    assert [(error.header, error.code) for error in refused.value.errors] == [(name, "entity_tag")]


@pytest.mark.parametrize(
    "text", ['"1",' * 8000, "," * 32_000, " " * 32_000, '"' * 32_000, 'W/"1" ' * 5000, '"1"' + " ," * 16_000 + "x"]
)
def test_a_long_header_is_parsed_fast(text: str) -> None:
    began = time.process_time()  # whatever else the machine does
    with suppress(ProblemException):
        precondition(if_match=text)
    assert time.process_time() - began < 0.5
