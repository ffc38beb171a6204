"""A first look for requests that surprise the service or its document; ``./run fuzz`` looks longer."""

import re

import pytest

from tests.contracts.resources import RESOURCES
from tests.fuzz.__main__ import fuzz


def test_the_service_and_its_document_hold_to_each_other(capfd: pytest.CaptureFixture[str]) -> None:
    status = fuzz("--seed", "1", "--max-examples", str(5 * len(RESOURCES))).returncode
    said = capfd.readouterr().out
    assert status == 0, said
    tested, passed = re.findall(r"(\d+) generated, (\d+) passed", said)[-1]
    assert tested == passed
    assert int(tested) > 900 * len(RESOURCES)
    assert all(f"✅  {phase} " in said for phase in ("Examples", "Coverage", "Fuzzing", "Stateful")), said
    followed = re.search(r"API Links: +(\d+) covered", said)
    assert followed, said
    assert int(followed[1]) >= 8, "too few ways from one operation to the next were taken"
