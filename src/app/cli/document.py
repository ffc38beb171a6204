"""Prints the OpenAPI document of an application with default settings and in-memory storage."""

import json
import secrets

from pydantic import SecretStr

from adapters.in_memory.storage import Storage
from app.cli.terminal import print_result
from app.container import Container
from config.settings import Settings


def openapi() -> None:
    settings = Settings.model_construct(secret_key=SecretStr(secrets.token_urlsafe(48)))
    container = Container(settings=settings, storage=Storage())
    print_result(json.dumps(container.api().openapi(), indent=2, sort_keys=True, ensure_ascii=False))
