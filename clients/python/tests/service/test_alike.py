"""The fake service answers as the real one does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from clients.python.tests.service.pair import Pair, differences
from clients.python.tests.service.table import TABLE

from goatfish.testing.operations import OPERATIONS


@pytest.mark.parametrize("about", TABLE)
def test_both_services_answer_alike(pair: Pair, about: str) -> None:
    different = [
        f"{step}\n    {difference}"
        for step, fake, real in pair.compare(TABLE[about])
        for difference in differences(fake, real)
    ]
    assert not different, "\n".join(different)


def test_the_fake_service_has_all_operations() -> None:
    document = json.loads((Path(__file__).parents[4] / "docs" / "openapi.json").read_bytes())
    documented = {
        f"{method.upper()} {path.replace('{name}', '{id}')}": operation["operationId"]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert {at: operation.name for at, operation in OPERATIONS.items()} == documented
