"""The README's examples print what they are shown to print, run as they stand and in their order."""

from pathlib import Path

import pytest

from tests.readme import NOT_RUN, START, blocks, has_shape, run_all, shape


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
