"""The OpenAPI document, of an app over memory with nothing but defaults."""

import json
import secrets

from pydantic import SecretStr

from adapters.in_memory.storage import Storage
from app.cli.terminal import result
from app.container import Container
from config.settings import Settings


def openapi() -> None:
    settings = Settings.model_construct(secret_key=SecretStr(secrets.token_urlsafe(48)))
    container = Container(settings=settings, storage=Storage())
    result(json.dumps(container.api().openapi(), indent=2, sort_keys=True, ensure_ascii=False))
