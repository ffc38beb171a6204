"""A Goatfish service in memory, for tests of programs that use one.

```python
import goatfish
from goatfish.testing import FakeService

service = FakeService()
with service.client() as client:  # or service.async_client(), or transport=service.transport
    wing = client.simulations.create("Wing flutter", "2026-01-05", "2026-02-01")

    service.fail_next(2, status=503)  # the next two requests fail, and the client sends them again
    run = client.runs.create(wing, status="running", parameters={"alpha": (12, "deg")})
    service.fail_next(status="disconnect_after")  # it is done, and its answer is lost
    client.runs.update(run, status="succeeded", results={"cl": 1.21})
    assert [request.operation for request in service.requests].count("create_run") == 3

    service.clock.advance(24 * 60 * 60)  # a day later
    with service.add_owner("others").client() as others:  # who see nothing of it
        assert list(others.runs.list()) == []

with service.listening() as url:  # on a real port, for other processes
    with goatfish.Client(url, service.key) as client:
        assert client.live().status == "ok"
        with service.away():  # meanwhile nothing can connect
            ...
```
"""

from __future__ import annotations

from goatfish.testing.answers import RecordedRequest
from goatfish.testing.clock import Clock
from goatfish.testing.service import FakeOwner, FakeService
from goatfish.testing.transport import FakeTransport

__all__ = ["Clock", "FakeOwner", "FakeService", "FakeTransport", "RecordedRequest"]
