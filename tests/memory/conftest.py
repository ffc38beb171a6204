"""What tests of the edges share."""

from collections.abc import Iterator

import pytest
from starlette.routing import Route

from adapters.in_memory.storage import Storage
from tests.contracts.http_api import Service, serving
from tests.memory.edges import Stores


@pytest.fixture(scope="module")
def admin() -> Stores:
    """What stands in place of the admin."""
    return Stores()


@pytest.fixture(scope="module")
def service(admin: Stores) -> Iterator[Service]:
    """A service with an admin, and with room for few bodies; several modules have another of their own."""
    with serving(Storage(), bodies_max=8) as service:
        for path in ("/admin", "/admin/{path:path}"):
            service.api.router.routes.append(Route(path, admin, include_in_schema=False))
        yield service
