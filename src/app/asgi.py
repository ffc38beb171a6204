"""The ASGI applications: ``app`` serves everything that this process may, ``django_app`` Django's part alone.

Run it with ``goatfish serve``, or with ``uvicorn app.asgi:app``.
"""

from app.container import Container
from app.service import serve_admin
from config.settings import load

container = Container(settings=load())
app = container.api()
django_app = serve_admin(app, container) if load().has_operator else None
