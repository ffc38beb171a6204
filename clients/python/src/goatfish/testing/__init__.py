"""A Goatfish service in memory, for tests of programs that use one.

```python
from goatfish.testing import FakeService

service = FakeService()
client = service.client()
client.simulations.create("Wing flutter", "2026-01-05", "2026-02-01")
service.fail_next(2, status=503)  # the next two requests fail, and the client sends them again
with service.listening() as url:  # on a real port, for other processes
    ...
```
"""

from __future__ import annotations

from goatfish.testing.answers import RecordedRequest
from goatfish.testing.clock import Clock
from goatfish.testing.service import FakeOwner, FakeService
from goatfish.testing.transport import FakeTransport

__all__ = ["Clock", "FakeOwner", "FakeService", "FakeTransport", "RecordedRequest"]
