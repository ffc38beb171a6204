"""The ASGI applications: ``app`` serves everything, ``django_app`` Django's part alone.

Run it with ``goatfish serve``, or with ``uvicorn app.asgi:app``. The admin is there where the operators' database is
configured: a replica that has only the API's role serves the API alone.
"""

from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from adapters.django_orm.setup import django_application
from app.container import Container
from config.settings import load

container = Container(settings=load())
django_app = django_application()
app = container.api()
if container.settings().has_operator:
    # Django gets its paths whole, as it would alone: a mount would cut them.
    app.router.routes += [
        Route("/admin", django_app, include_in_schema=False),
        Route("/admin/{path:path}", django_app, include_in_schema=False),
        Mount("/static", StaticFiles(packages=[("django.contrib.admin", "static")])),
    ]
