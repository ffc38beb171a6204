"""The ASGI applications: ``app`` serves everything that this process may, ``django_app`` Django's part alone.

Run it with ``goatfish serve``, or with ``uvicorn app.asgi:app``. The admin is there where the operators' database is
configured: a replica that has only the API's role serves the API alone.
"""

import gc

from app.admin_mount import serve_admin
from app.container import Container
from config.settings import load

container = Container(settings=load())
app = container.api()
django_app = serve_admin(app, container) if load().has_operator else None

# A request leaves nothing that only the collector frees: it need not look at what start-up has made, nor often.
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 20, 50)
