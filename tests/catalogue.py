"""Restores the process-wide catalogue of problems after tests that define entities."""

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.http_fastapi.kit.problem_types import CATALOGUE


@contextmanager
def catalogue_restored() -> Iterator[None]:
    """Removes the problems that are registered meanwhile."""
    before = dict(CATALOGUE)
    try:
        yield
    finally:
        CATALOGUE.clear()
        CATALOGUE.update(before)
