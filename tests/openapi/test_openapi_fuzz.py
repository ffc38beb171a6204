"""A first look for requests that surprise the service or its document; ``./run fuzz`` looks longer."""

import re

import pytest

from tests.contracts.resources import RESOURCES
from tests.fuzz.__main__ import fuzz
from tests.running_service import Live


def report(service: Live, capfd: pytest.CaptureFixture[str], phases: str, examples: int) -> str:
    """The report of Schemathesis, which must have found nothing."""
    options = ("--seed", "1", "--phases", phases, "--max-examples", str(examples * len(RESOURCES)))
    status = fuzz(service, *options).returncode
    said = capfd.readouterr().out
    assert status == 0, said
    tested, passed = re.findall(r"(\d+) generated, (\d+) passed", said)[-1]
    assert tested == passed
    return said


def test_the_service_and_its_document_hold_to_each_other(service: Live, capfd: pytest.CaptureFixture[str]) -> None:
    # Nearly all requests are of the coverage phase, whose number does not depend on that of examples.
    said = report(service, capfd, "examples,coverage,fuzzing", 2)
    assert int(re.findall(r"(\d+) generated", said)[-1]) > 900 * len(RESOURCES)
    assert all(f"✅  {phase} " in said for phase in ("Examples", "Coverage", "Fuzzing")), said


def test_sequences_of_operations_follow_the_links_of_the_document(
    service: Live, capfd: pytest.CaptureFixture[str]
) -> None:
    said = report(service, capfd, "stateful", 20)
    assert "✅  Stateful " in said
    followed = re.search(r"API Links: +(\d+) covered", said)
    assert followed, said
    # From 7 to 15, whatever the seed; which they are changes with any line of the document.
    assert int(followed[1]) >= 5, "too few ways from one operation to the next were taken"
