"""A first look for requests that surprise the service or its document; ``./run fuzz`` looks longer."""

import re

import pytest

from tests.contracts.resources import RESOURCES
from tests.fuzz.__main__ import fuzz
from tests.running_service import Live


def test_the_service_and_its_document_hold_to_each_other(service: Live, capfd: pytest.CaptureFixture[str]) -> None:
    status = fuzz(service, "--seed", "1").returncode
    said = capfd.readouterr().out
    assert status == 0, said
    tested, passed = map(int, re.findall(r"(\d+) generated, (\d+) passed", said)[-1])
    assert tested == passed
    # Nearly all requests are of the coverage phase, whose number does not depend on that of examples.
    assert tested > 900 * len(RESOURCES)
    assert all(f"✅  {phase} " in said for phase in ("Examples", "Coverage", "Fuzzing", "Stateful")), said
    followed = re.search(r"API Links: +(\d+) covered", said)
    assert followed, said
    # From 13 to 19, whatever the seed; which they are changes with any line of the document.
    assert int(followed[1]) >= 5, "too few ways from one operation to the next were taken"
