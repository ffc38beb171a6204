"""How many statements are compiled for lists that ask for the same in other words."""

from itertools import permutations

import pytest

from adapters.django_orm.repositories.list_statements import compared_by
from domain.entity import conditions_of
from domain.entity_spec import spec_of
from domain.paging import PageRequest
from domain.runs.run import Run
from tests.integration.plans import compiling_storage

pytestmark = pytest.mark.django_db
LABELS = ("a", "b:x", "c")
WHERE = ("parameters.a>=1", "results.b<2", "results.c=true", "parameters.d>=3")


def test_conditions_in_any_order_share_one_statement() -> None:
    storage = compiling_storage()
    table, reports = storage.repository(Run), storage.run_reports
    parsed = spec_of(Run).parsed_filters
    for labels in permutations(LABELS):
        for where in permutations(WHERE):
            given = {"label": labels, "where": where}
            asked = conditions_of(Run, **{name: [*map(parsed[name].parse, texts)] for name, texts in given.items()})
            table.lists.page(PageRequest(conditions=asked))
            reports.page(tuple(map(compared_by, asked)), False)
    assert [each.cache_info().misses for each in (table.lists._pages, reports.page)] == [1, 1]
