"""The catalogue of problems, which is one for the process and must not keep those of entities made for tests."""

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.http_fastapi.kit.problem_types import CATALOGUE


@contextmanager
def catalogue_restored() -> Iterator[None]:
    """Forgets afterwards what was registered meanwhile."""
    before = dict(CATALOGUE)
    try:
        yield
    finally:
        CATALOGUE.clear()
        CATALOGUE.update(before)
