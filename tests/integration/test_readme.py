"""The examples of the README and of docs print what they are shown to print, run as they stand and in their order."""

import re
from pathlib import Path

import pytest

from tests.readme import NOT_RUN, START, as_shown, blocks, has_shape, run_all, shape


def test_the_examples_print_what_they_are_shown_to_print(tmp_path: Path) -> None:
    for example, output in run_all(tmp_path):
        shown = example.output
        if example.command == START:  # goatfish up, which makes no environment
            shown = "\n".join(line for line in shown.splitlines() if not line.startswith("Making .venv"))
        assert has_shape(output, shown), f"$ {example.command}\n{shape(output)}\nbut shown is\n{shape(shown)}"


def test_every_block_is_run_or_known_not_to_be() -> None:
    first = [block[0].command for block in blocks()]
    assert first[0] == START
    assert {*NOT_RUN} <= {*first}
    assert len(first) == len({*first}) > len(NOT_RUN) + 6


@pytest.mark.parametrize(
    ("output", "shown", "same"),
    [
        ('{"id":"01a21809-1895-771f-901c-9fedac9b93d7"}', '{"id":"01a21809-2d03-7651-aff7-f029ff6f4005"}', True),
        (
            '{"id":"01a21809-1895-771f-901c-9fedac9b93d7","new":1}',
            '{"id":"01a21809-2d03-7651-aff7-f029ff6f4005"}',
            False,
        ),
        ('{"id":7}', '{"id":"01a21809-2d03-7651-aff7-f029ff6f4005"}', False),
        ("a\nb\nc", "a\n[…]\nc", True),
        ("bar\nc", "[…]\nc", True),
        ("a\nb", "a\n[…]\nc", False),
        ("204", "201", False),
        ("", "201", False),
        ("error", "", False),
        ("revision    12", "revision    319", True),
    ],
)
def test_shapes_are_told_apart(output: str, shown: str, same: bool) -> None:
    assert has_shape(output, shown) is same


@pytest.mark.parametrize(
    ("output", "shown", "written"),
    [
        ("a\nb", "x", "a\nb"),
        ("a\nb\nc", "[…]\nx\ny", "[…]\nb\nc"),
        ("a\nb", "[…]\nx", "[…]\nb"),
        ("a\nb\nc", "x\n[…]\ny", "x\n[…]\ny"),
    ],
)
def test_what_is_shown_of_an_output_is_written_anew(output: str, shown: str, written: str) -> None:
    assert as_shown(output, shown) == written


def test_the_ids_on_the_page_are_of_one_run() -> None:
    """Ids begin with their time, in milliseconds."""
    outputs = "".join(each.output for block in blocks()[1:] for each in block)
    times = [int(high + low, 16) for high, low in re.findall(r"\b([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-", outputs)]
    assert max(times) - min(times) < 3_600_000
