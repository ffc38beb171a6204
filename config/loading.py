"""Loads the settings of this process, once."""

import os
from functools import cache

from pydantic import ValidationError

from config.env_file import unreadable
from config.secret_files import load_or_create_secret
from config.secret_settings import SecretFileErrors
from config.setting_errors import ConfigurationError, error_message
from config.settings import PREFIX, SECRET_FILE, Settings


@cache
def load() -> Settings:
    """Read the settings of this process, once; raises ConfigurationError."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"{PREFIX}{str(each['loc'][0]).upper()}: {error_message(each)}" for each in error.errors()]
        raise ConfigurationError(lines) from None
    except SecretFileErrors as error:
        lines = [f"{PREFIX}{name.upper()}: {line}" for name, line in error.lines.items()]
        raise ConfigurationError(lines) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([unreadable(error)]) from None


def override(**values: object) -> None:
    """Sets these settings in this process and those that it starts, where they are not None."""
    os.environ.update({PREFIX + name.upper(): str(value) for name, value in values.items() if value is not None})
    load.cache_clear()


def load_for_service() -> Settings:
    """The same for a process that serves: what it signs stays valid, so a generated secret key is stored.

    Raises ConfigurationError.
    """
    settings = load()
    if settings.database_url.is_sqlite and "secret_key" not in settings.model_fields_set:
        try:
            load_or_create_secret(settings.database_url.path.parent / SECRET_FILE)
        except OSError as error:
            line = f"{PREFIX}SECRET_KEY: is not set and cannot be stored beside the database: {error}"
            raise ConfigurationError([line]) from None
        load.cache_clear()
    return load()
