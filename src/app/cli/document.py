"""The OpenAPI document, of an app over memory with nothing but defaults."""

import json
import secrets

from pydantic import SecretStr

from adapters.in_memory.storage import Storage
from app.cli.terminal import result
from app.container import Container
from config.settings import Settings


def openapi() -> None:
    container = Container(settings=Settings.model_construct(secret_key=SecretStr(secrets.token_urlsafe(48))))
    with container.storage.override(Storage()):
        document = container.api().openapi()
    result(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False))
