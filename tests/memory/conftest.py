"""Fixtures for the test_edge_* modules."""

from collections.abc import Iterator

import pytest
from starlette.routing import Route

from adapters.in_memory.storage import Storage
from tests.contracts.http_api import Service, serving
from tests.memory.edges import BufferingApp


@pytest.fixture(scope="module")
def admin() -> BufferingApp:
    """A stub in place of Django's admin."""
    return BufferingApp()


@pytest.fixture(scope="module")
def service(admin: BufferingApp) -> Iterator[Service]:
    """A service with the stub admin and 8 MiB for request bodies; some modules override it."""
    with serving(Storage(), bodies_max=8) as service:
        for path in ("/admin", "/admin/{path:path}"):
            service.api.router.routes.append(Route(path, admin, include_in_schema=False))
        yield service
