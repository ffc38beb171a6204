"""No kind of entity is left out of the tests that every kind needs."""

from itertools import product

from domain.registry import ENTITIES
from tests.contracts.cases import CASES
from tests.contracts.resources import RESOURCES


def test_every_entity_is_held_to_the_contracts_of_repositories_and_of_http() -> None:
    assert {resource.entity for resource in RESOURCES} == set(ENTITIES), "tests/contracts/resources.py: RESOURCES"
    assert {entity.KIND for entity in ENTITIES} <= {case.kind for case in CASES}, "tests/contracts/cases.py: CASES"


def test_no_mix_of_the_values_of_a_case_breaks_a_rule() -> None:
    for resource in RESOURCES:
        for rule in resource.spec.rules:
            for mix in product(*(resource.values[name] for name in rule.fields)):
                assert rule.holds(*mix), f"give resource_case({resource.entity.__name__}, values=…) others: {mix}"
        assert resource.varied(1) != resource.varied(2)
