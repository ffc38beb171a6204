"""The ASGI applications: ``app`` serves everything, ``django_app`` Django's part alone.

Run it with ``goatfish serve``, or with ``uvicorn app.asgi:app``.
"""

from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from adapters.django_orm.setup import django_application
from app.container import Container
from config.settings import load

container = Container(settings=load())
django_app = django_application()
api = container.api()
api.mount("/static", StaticFiles(packages=[("django.contrib.admin", "static")]), name="static")


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Django answers under its own path, FastAPI answers the rest."""
    path = scope.get("path", "")
    if path == "/admin" or path.startswith("/admin/"):
        await django_app(scope, receive, send)  # type: ignore[arg-type]  # -- django-stubs want a dict, not a mapping
    else:
        await api(scope, receive, send)
