"""Every kind of entity has cases for the contract tests."""

from itertools import product

from domain.registry import ENTITIES
from tests.contracts.cases import CASES
from tests.contracts.resources import RESOURCES


def test_every_entity_has_a_repository_case_and_a_resource_case() -> None:
    assert {resource.entity for resource in RESOURCES} == set(ENTITIES), "tests/contracts/resources.py: RESOURCES"
    assert {entity.KIND for entity in ENTITIES} <= {case.kind for case in CASES}, "tests/contracts/cases.py: CASES"


def test_every_combination_of_case_values_is_valid() -> None:
    for resource in RESOURCES:
        for rule in resource.spec.rules:
            for mix in product(*(resource.values[name] for name in rule.fields)):
                assert rule.holds(*mix), (
                    f"give resource_case({resource.entity.__name__}, values=…) other values: {mix} breaks a rule"
                )
        assert resource.varied(1) != resource.varied(2)
