"""The ASGI applications: ``app`` serves everything that this process may, ``django_app`` Django's part alone.

Run it with ``goatfish serve``, or with ``uvicorn app.asgi:app``. The admin is there where the operators' database is
configured: a replica that has only the API's role serves the API alone.
"""

from app.application import build
from config.settings import load

app, django_app = build(load())
