"""All settings: GOATFISH_* environment variables, from an optional .env file or a running goatfish up as well."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from config.addresses import AllowedHosts, ListeningAddress, Networks, Origins, PublicUrl
from config.databases import DatabaseUrl, StandbyUrl
from config.env_file import ENCODING, ENV_FILE
from config.running_up import RunningUp
from config.secret_files import SECRET_MIN, load_or_generate_secret
from config.secret_settings import FromFiles

PREFIX = "GOATFISH_"
SECRET_FILE = "secret_key"  # noqa: S105 -- the name of a file, beside an SQLite database
_PORT = re.compile(r":[0-9]+$")


class Settings(BaseSettings):
    """Each field is the variable GOATFISH_<NAME>; an empty variable counts as unset."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_file_encoding=ENCODING,
        env_ignore_empty=True,
        extra="ignore",  # other programs may share .env; config.ignored_settings finds misspelt names
        frozen=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
    )

    database_url: Annotated[DatabaseUrl, NoDecode] = DatabaseUrl("sqlite:///var/goatfish.sqlite3")
    """The service's database: postgresql://user:password@host:port/name?option=…, or sqlite:///file."""

    operator_database_url: Annotated[DatabaseUrl | None, NoDecode] = None
    """The same database for migrations, the command line and the admin. If unset, PostgreSQL serves the API only."""

    replica_database_url: Annotated[StandbyUrl | None, NoDecode] = None
    """Standbys of that PostgreSQL database, which answer lists and reports wherever they have the owner's last change.

    The role is that of DATABASE_URL. Several hosts may be named; a connection goes to the first one that answers.
    """

    database_url_file: Path | None = None
    """A file that has DATABASE_URL in one line, in place of that setting."""

    operator_database_url_file: Path | None = None
    """A file that has OPERATOR_DATABASE_URL in one line, in place of that setting."""

    replica_database_url_file: Path | None = None
    """A file that has REPLICA_DATABASE_URL in one line, in place of that setting."""

    one_role: bool = False
    """For development: use one PostgreSQL role for everything, without row-level security between tenants."""

    prepared_statements: bool = True
    """Whether to use prepared statements; set to false behind a PgBouncer older than 1.21."""

    sqlite_synchronous: Literal["full", "normal"] = "full"
    """When SQLite answers a write: once it is on the disk (full), or before, so that a power cut may undo it (normal).

    In both cases the database stays intact, and nothing is lost where only the process ends.
    """

    secret_key: SecretStr = SecretStr("")
    """Signs cursors and admin sessions, and encrypts secrets of webhooks; 32 characters or more.

    With SQLite, a service generates it if unset.
    """

    secret_key_previous: SecretStr | None = None
    """The previous secret key, still accepted while you replace it, but never used to sign."""

    secret_key_file: Path | None = None
    """A file that has SECRET_KEY in one line, in place of that setting."""

    secret_key_previous_file: Path | None = None
    """A file that has SECRET_KEY_PREVIOUS in one line, in place of that setting."""

    pool_size: int = Field(default=10, ge=1, le=1000)
    """The maximum number of database connections of one worker process (on SQLite, of reader threads).

    Of 2 to 7, one is reserved for probes and API key lookups; of 8 or more, two. One owner gets at most two thirds of
    the rest. With 1 or 2, one owner's slow statement makes other owners wait; with 1, probes too.
    """

    pool_timeout: float = Field(default=5.0, gt=0, le=300)
    """How long a statement waits for a free connection (on SQLite, a thread), in seconds; then a 503."""

    statement_timeout: float = Field(default=10.0, gt=0, le=3600)
    """How long one SQL statement of a request may run, in seconds; then a 503."""

    list_timeout: float = Field(default=2.0, gt=0, le=3600, validate_default=False)
    """How long a list with filters may run, in seconds, at most STATEMENT_TIMEOUT; then a 503."""

    request_timeout: float = Field(default=60.0, gt=0, le=7200)
    """How long a request may take from the end of its headers to the start of its response, in seconds; then a 503."""

    bodies_max: int = Field(default=32, ge=4, le=65536)
    """MiB that all request bodies in progress may occupy in one worker, and one owner a quarter of; else a 503.

    With less than 16 no batch of 4 MiB is taken.
    """

    workers: int = Field(default=1, ge=1, le=1000)
    """The number of worker processes. Each has its own pool and an equal share of the rate limits."""

    rate_limit: int = Field(default=6000, ge=0, le=1_000_000_000)
    """The size of one owner's burst of requests, and how many are refilled per minute; 0 for no limit."""

    public_url: PublicUrl | None = None
    """Where browsers reach the service, like https://sim.example.com:8443: its host, HTTPS, the admin's origin."""

    https: bool = Field(default=False, validate_default=False)
    """Whether browsers reach the service over HTTPS only: the admin's cookies are then sent over HTTPS only.

    Need not be given with PUBLIC_URL, whose scheme says it.
    """

    revisions_kept: int | None = Field(default=None, ge=1, le=36500)
    """For how many days revisions are kept: goatfish purge deletes older ones. If unset, for ever."""

    failure_limit: int = Field(default=60, ge=0, le=1_000_000_000)
    """Invalid API keys that one address may try: size of the burst, and refill per minute; 0 for no limit."""

    admin_requests: int = Field(default=8, ge=1, le=1000)
    """How many admin requests one worker serves at a time, each with one connection of the operators' role."""

    allowed_hosts: AllowedHosts = ("localhost", "127.0.0.1", "[::1]")
    """Host names under which the service responds, separated by commas (or a JSON list); * for all.

    .example.com is example.com and its subdomains, *.example.com is the subdomains alone. PUBLIC_URL's host is added.
    """

    cors_origins: Origins = ()
    """Origins whose pages may call the API, like https://app.example, separated by commas; * for all."""

    webhook_networks: Networks = ()
    """Networks that webhooks may send to though they are not public, and also by http: like 10.1.0.0/16,fd00:1::/64."""

    head_timeout: float = Field(default=10.0, gt=0, le=3600)
    """How long a client may take to send the headers of a request, in seconds; then a 408."""

    body_timeout: float = Field(default=30.0, gt=0, le=3600)
    """How long a client may take to send the body of a request, in seconds; then a 408."""

    write_timeout: float = Field(default=30.0, gt=0, le=3600)
    """In how many seconds a client must read 64 KiB of a response, or the rest; then the connection is closed."""

    keep_alive: float = Field(default=65.0, gt=0, le=3600)
    """How long an idle connection stays open, in seconds; must be longer than the proxy in front keeps it open."""

    drain_time: float = Field(default=5.0, ge=0, le=3600)
    """How long SIGTERM leaves the service open, in seconds, while /readyz is 503 already and proxies go elsewhere.

    Ctrl-C (SIGINT) does not wait.
    """

    connections_max: int = Field(default=3000, ge=1, le=1_000_000)
    """The maximum number of client connections of one worker; beyond it an idle one is closed, or there is a 503."""

    metrics: bool = True
    """Whether each worker measures its requests and itself, for METRICS_PORT and the admin's page of the service."""

    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """The port of GET /metrics, for Prometheus, with the figures of all workers; 0 for any free one, unset for none."""

    metrics_host: ListeningAddress = "127.0.0.1"
    """The address on which METRICS_PORT is open; whoever reaches it can read it, so another is for closed networks."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    """The least severe level that is logged."""

    log_format: Literal["text", "json"] = "text"
    """How the log is written: as text, or as one JSON object a line, with one for each request."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before .env, files that both name, and last what a running ``goatfish up`` has left."""
        named = (init_settings, env_settings, dotenv_settings, file_secret_settings)
        return *named, FromFiles(settings_cls), RunningUp(settings_cls)

    @property
    def operator_url(self) -> DatabaseUrl:
        """The database URL of migrations, the command line and the admin."""
        return self.operator_database_url or self.database_url

    @property
    def api_role(self) -> str | None:
        """The API's PostgreSQL role, if it differs from the operators'."""
        if self.database_url.is_sqlite or self.operator_url.is_sqlite:
            return None
        service, operators = (url.server(os.environ).user for url in (self.database_url, self.operator_url))
        return service if service != operators else None

    @property
    def has_operator(self) -> bool:
        """Whether operators have a database URL here; without one, the API is served without the admin."""
        return self.database_url.is_sqlite or self.one_role or self.operator_database_url is not None

    @property
    def https_only(self) -> bool:
        """Whether browsers reach the service over HTTPS only."""
        return self.https or (self.public_url or "").startswith("https://")

    @property
    def public_netloc(self) -> str | None:
        """The public URL's host, and its port unless it is the default."""
        return self.public_url and urlsplit(self.public_url).netloc

    @property
    def replaces_secret_key(self) -> bool:
        """Whether there is a previous secret key, whose work the present one takes over."""
        return self.secret_key_previous is not None

    @property
    def public_address(self) -> str:
        """What links to the service begin with: nothing, where its public URL is not known."""
        return self.public_url or ""

    @property
    def worker_rate_limit(self) -> float:
        """One worker's share of an owner's rate limit, in requests per minute."""
        return self.rate_limit / self.workers

    @property
    def worker_failure_limit(self) -> float:
        """One worker's share of an address's limit, in invalid API keys per minute."""
        return self.failure_limit / self.workers

    @property
    def bodies_max_bytes(self) -> int:
        """The limit of all request bodies in progress, in bytes."""
        return self.bodies_max << 20

    @property
    def secret_keys(self) -> list[str]:
        """The key that signs, then the previous one, which is only accepted."""
        keys = [self.secret_key, self.secret_key_previous]
        return [key.get_secret_value() for key in keys if key is not None]

    @field_validator("database_url", "operator_database_url", mode="before")
    @classmethod
    def _parse_url(cls, value: object) -> object:
        return DatabaseUrl(value.strip()) if isinstance(value, str) else value

    @field_validator("replica_database_url", mode="before")
    @classmethod
    def _parse_standby_url(cls, value: object, info: ValidationInfo) -> object:
        primary = info.data.get("database_url")
        if primary is not None and primary.is_sqlite and value is not None:
            raise ValueError("has no use with SQLite, which has no standbys: leave it out")
        url = StandbyUrl(value.strip()) if isinstance(value, str) else value
        if isinstance(url, StandbyUrl) and url.is_sqlite:
            raise ValueError("must name standbys of PostgreSQL: postgresql://user:password@host/name")
        return url

    @field_validator("list_timeout")
    @classmethod
    def _within_a_statement(cls, value: float, info: ValidationInfo) -> float:
        longest = info.data.get("statement_timeout")
        if longest is not None and value > longest:
            raise ValueError(f"must be at most {PREFIX}STATEMENT_TIMEOUT, which is {longest:g}, got {value:g}")
        return value

    @field_validator("https")
    @classmethod
    def _as_in_the_public_url(cls, value: bool, info: ValidationInfo) -> bool:
        url = info.data.get("public_url")
        if url is not None and value is not url.startswith("https://"):
            raise ValueError(f"contradicts {PREFIX}PUBLIC_URL, which is {url}: leave it out")
        return value

    @field_validator("allowed_hosts")
    @classmethod
    def _with_the_public_host(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        url = info.data.get("public_url")
        return value if url is None else tuple(dict.fromkeys((*value, _PORT.sub("", urlsplit(url).netloc))))

    @field_validator("request_timeout")
    @classmethod
    def _longer_than_a_statement(cls, value: float, info: ValidationInfo) -> float:
        waits: float = sum(info.data.get(name, 0) for name in ("pool_timeout", "statement_timeout"))
        if value <= waits:
            names = f"{PREFIX}POOL_TIMEOUT and {PREFIX}STATEMENT_TIMEOUT"
            raise ValueError(f"must be more than the sum of {names}, which is {waits:g}, got {value:g}")
        return value

    @field_validator("secret_key", "secret_key_previous")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        try:
            _ = value and value.get_secret_value().encode()
        except UnicodeError:  # whose text has the value
            raise ValueError("must be UTF-8") from None
        if value and len(value) < SECRET_MIN:
            raise ValueError(f"must be at least {SECRET_MIN} characters, got {len(value)}")
        return value

    @field_validator("secret_key")
    @classmethod
    def _generate_or_require(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        database = info.data.get("database_url")
        if value or database is None:  # an invalid URL is an error of its own
            return value
        if not database.is_sqlite:
            raise ValueError(f"is required with PostgreSQL: at least {SECRET_MIN} random characters")
        try:
            return SecretStr(load_or_generate_secret(database.path.parent / SECRET_FILE))
        except OSError as error:
            raise ValueError(f"is not set and cannot be read beside the database: {error}") from error

    @field_validator("log_level", "log_format", "sqlite_synchronous", mode="before")
    @classmethod
    def _any_case(cls, value: object, info: ValidationInfo) -> object:
        if not isinstance(value, str):
            return value
        return value.upper() if info.field_name == "log_level" else value.lower()
