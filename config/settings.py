"""Everything an operator can set, read once from GOATFISH_* variables and an optional .env file."""

import json
import os
import re
from functools import cache
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.complaints import complaint
from config.databases import DatabaseUrl
from config.secret_files import SECRET_MIN, kept_secret

PREFIX = "GOATFISH_"
ENV_FILE = ".env"
ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[1-9][0-9]*)?")


class ConfigurationError(SystemExit):
    """The configuration is wrong, one line per wrong variable; whoever does not catch it stops and prints them."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Settings(BaseSettings):
    """What an operator can set: each field is the variable GOATFISH_<NAME>, and an empty variable counts as unset."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_ignore_empty=True,
        extra="ignore",  # .env may serve other programs too; a misspelt name is found by unknown_variables()
        frozen=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
    )

    database_url: Annotated[DatabaseUrl, NoDecode] = DatabaseUrl("sqlite:///var/goatfish.sqlite3")
    """The service's database: postgresql://user:password@host:port/name?option=…, or sqlite:///file."""

    operator_database_url: Annotated[DatabaseUrl | None, NoDecode] = None
    """The same database as migrations, command line and admin reach it; the service's URL when unset."""

    one_role: bool = False
    """Whether one PostgreSQL role may do everything, and nothing but our own SQL keeps tenants apart: to develop."""

    prepared_statements: bool = True
    """Whether statements are prepared once for a connection; false behind a PgBouncer older than 1.21."""

    secret_key: SecretStr = SecretStr("")
    """Signs cursors and admin sessions, 32 characters or more. Made and kept beside an SQLite database when unset."""

    secret_key_previous: SecretStr | None = None
    """The secret key before this one: still accepted, never used to sign, while the key is rolled."""

    pool_size: int = Field(default=10, ge=1, le=1000)
    """The most connections of one worker process (threads that read, on SQLite).

    Of 2 to 7 one is kept back for probes and the lookup of keys, of 8 or more two, and one owner has at most two
    thirds of the others. With 1 or 2, one owner's slow statement makes the others wait; with 1, probes as well.
    """

    pool_timeout: float = Field(default=5.0, gt=0, le=300)
    """How long a statement waits for a free connection (a thread, on SQLite), in seconds."""

    statement_timeout: float = Field(default=10.0, gt=0, le=3600)
    """How long one statement of a request may run, in seconds."""

    list_timeout: float = Field(default=2.0, gt=0, le=3600)
    """How long a list with conditions may run, in seconds; never longer than any other statement."""

    request_timeout: float = Field(default=60.0, gt=0, le=7200)
    """How long a request may take until its answer begins, its body included, in seconds; then it is a 503."""

    bodies_max: int = Field(default=32, ge=4, le=65536)
    """MiB of all bodies on their way in at once, of which one owner may have a quarter; above it, a 503. By worker."""

    workers: int = Field(default=1, ge=1, le=1000)
    """How many worker processes serve; goatfish serve --workers sets it. Each has a pool and its part of the limit."""

    rate_limit: int = Field(default=6000, ge=0)
    """The requests that one owner may make at once, and then a minute; 0 sets no limit. Each worker counts its part."""

    https: bool = False
    """Whether browsers reach the service by HTTPS alone: cookies of the admin travel by nothing else."""

    revisions_kept: int | None = Field(default=None, ge=1, le=36500)
    """How many days revisions are kept: goatfish purge forgets what is older. For ever when unset."""

    failure_limit: int = Field(default=60, ge=0)
    """The keys from one address that may open nothing, at once and then a minute; 0 sets no limit. Counted alike."""

    admin_requests: int = Field(default=8, ge=1, le=1000)
    """The most requests of the admin that one worker serves at once, each with a connection of the operators' role."""

    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ("localhost", "127.0.0.1", "[::1]")
    """Host names that requests may be addressed to, separated by commas (or a JSON list); * admits all."""

    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Origins whose pages may call the API, like https://app.example, separated by commas; * admits all."""

    head_timeout: float = Field(default=10.0, gt=0, le=3600)
    """How long a client may take to send the headers of a request, in seconds."""

    body_timeout: float = Field(default=30.0, gt=0, le=3600)
    """How long a client may take to send the body of a request, in seconds."""

    write_timeout: float = Field(default=30.0, gt=0, le=3600)
    """How long a client may leave an answer unread, in seconds."""

    keep_alive: float = Field(default=65.0, gt=0, le=3600)
    """How long a connection stays open between two requests, in seconds; longer than the proxy in front keeps it."""

    connections_max: int = Field(default=3000, ge=1, le=1_000_000)
    """The most connections that clients have to one worker. An idle one makes room; where all are busy it is a 503."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    """The least severe messages that are logged."""

    @property
    def operator_url(self) -> DatabaseUrl:
        """Where migrations, command line and admin connect."""
        return self.operator_database_url or self.database_url

    @property
    def api_role(self) -> str | None:
        """The API's PostgreSQL role, where it is another than the operators'."""
        service, operators = self.database_url, self.operator_url
        return None if service.is_sqlite or service.user in {"", operators.user} else service.user

    @property
    def has_operator(self) -> bool:
        """Whether operators reach the database from here; without, there is the API alone and no admin."""
        return self.database_url.is_sqlite or self.one_role or self.operator_database_url is not None

    @property
    def worker_rate_limit(self) -> float:
        """What one worker may let through for an owner, in requests a minute."""
        return self.rate_limit / self.workers

    @property
    def worker_failure_limit(self) -> float:
        """What one worker lets fail from an address, in keys a minute."""
        return self.failure_limit / self.workers

    @property
    def bodies_max_bytes(self) -> int:
        """What bodies on their way in may hold at once, in bytes."""
        return self.bodies_max << 20

    @property
    def secret_keys(self) -> list[str]:
        """The key to sign with, then those that are accepted as well."""
        keys = [self.secret_key, self.secret_key_previous]
        return [key.get_secret_value() for key in keys if key is not None]

    @field_validator("database_url", "operator_database_url", mode="before")
    @classmethod
    def _parse_url(cls, value: object) -> object:
        return DatabaseUrl(value.strip()) if isinstance(value, str) else value

    @field_validator("request_timeout")
    @classmethod
    def _long_enough_for_a_statement(cls, value: float, info: ValidationInfo) -> float:
        waits: float = sum(info.data.get(name, 0) for name in ("pool_timeout", "statement_timeout"))
        if value <= waits:
            names = f"{PREFIX}POOL_TIMEOUT and {PREFIX}STATEMENT_TIMEOUT"
            raise ValueError(f"must be more than {names} together, which are {waits:g}, got {value:g}")
        return value

    @field_validator("secret_key", "secret_key_previous")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value and len(value) < SECRET_MIN:
            raise ValueError(f"must be at least {SECRET_MIN} characters, got {len(value)}")
        return value

    @field_validator("secret_key")
    @classmethod
    def _keep_or_require(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        database = info.data.get("database_url")
        if value or database is None:  # a wrong URL is complained of by itself
            return value
        if not database.is_sqlite:
            raise ValueError(f"is required with PostgreSQL: {SECRET_MIN} random characters or more")
        try:
            return SecretStr(kept_secret(database.path.parent / "secret_key"))
        except OSError as error:
            raise ValueError(f"is not set and cannot be kept beside the database: {error}") from error

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("[") and not value.lstrip().startswith("[:"):  # [::1] is an address
            try:
                return json.loads(value)
            except json.JSONDecodeError:
                raise ValueError("must be host names separated by commas, or a JSON list") from None
        return [host.strip() for host in value.split(",") if host.strip()]

    @field_validator("allowed_hosts")
    @classmethod
    def _some_host(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("must name at least one host")
        return value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        return [origin.strip() for origin in value.split(",") if origin.strip()] if isinstance(value, str) else value

    @field_validator("cors_origins")
    @classmethod
    def _only_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if origin != "*" and not ORIGIN.fullmatch(origin):
                raise ValueError(f"must be origins as browsers send them, like https://app.example, got {origin!r}")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value


@cache
def load() -> Settings:
    """Read the settings of this process, once; raises ConfigurationError."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"{PREFIX}{str(each['loc'][0]).upper()}: {complaint(each)}" for each in error.errors()]
        raise ConfigurationError(lines) from None
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(error) from None


def unknown_variables() -> list[str]:
    """Names in the environment or .env that look like ours but are not, misspelt most likely.

    Raises ConfigurationError.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    try:
        names = {name.upper() for name in (*os.environ, *dotenv_values(ENV_FILE))}
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(error) from None
    return sorted(name for name in names - known if name.startswith(PREFIX))


def _unreadable(error: OSError | UnicodeDecodeError) -> ConfigurationError:
    return ConfigurationError([f"{ENV_FILE} cannot be read: {error}"])
