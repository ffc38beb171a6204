"""The ASGI applications: ``app`` serves the API and the admin, ``django_app`` the admin alone.

Run it with ``goatfish serve``, or with ``uvicorn app.asgi:app``. The admin is served where the operators' database
is configured: a replica with the API's database role alone serves the API alone.
"""

from app.application import build
from config.loading import load_for_service

app, django_app = build(load_for_service())
