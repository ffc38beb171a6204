"""Django's settings, derived from Goatfish's."""

import logging
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from config.databases import django_database
from config.loading import load
from config.verification import require_verified

_settings = load()
require_verified(_settings)

SECRET_KEY = _settings.secret_key.get_secret_value()
SECRET_KEY_FALLBACKS = [_settings.secret_key_previous.get_secret_value()] if _settings.secret_key_previous else []
# To Django .example.com is the subdomains and the domain itself; the service has refused that before where it has to.
ALLOWED_HOSTS = [host if host == "*" else host.removeprefix("*") for host in _settings.allowed_hosts]
CSRF_TRUSTED_ORIGINS = [_settings.public_url] if _settings.public_url else []
DEBUG = False

# The ASGI application serves static files from the admin's package: no collectstatic.
INSTALLED_APPS = [
    "adapters.django_orm",  # before the admin, to override its templates
    # SimpleAdminConfig does not autodiscover: adapters.django_orm.urls does, so commands and API replicas start faster.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "axes",
]
MIDDLEWARE = [
    "adapters.django_orm.middleware.UnusableInput",  # first: error pages of all others read the form
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "adapters.django_orm.middleware.UnreachableDatabase",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "adapters.django_orm.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
STATIC_URL = "/static/"

# Operators use Django's connections; the API on PostgreSQL has its own pool.
DATABASES = {"default": django_database(_settings.operator_url, _settings.sqlite_synchronous)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "goatfish.Operator"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Failed sign-ins lock out a name at an address: by name alone, strangers could lock operators out. Many failures lock
# an address out for every name; lockout.py has that limit. The address is the connection's, or the one that a proxy
# trusted by `goatfish serve --proxy` forwards.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_HANDLER = "adapters.django_orm.admin.lockout.Lockout"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "adapters.django_orm.admin.lockout.client_network"
AXES_LOCKOUT_CALLABLE = "adapters.django_orm.admin.lockout.locked_out"
AXES_SENSITIVE_PARAMETERS = ["username"]  # not logged: people mistype passwords there
AXES_DISABLE_ACCESS_LOG = True  # its table would grow without limit
AXES_ENABLE_ADMIN = False  # AttemptAdmin shows its attempts, read-only
AXES_VERBOSE = False

# Bodies stay in memory, never on disk; the service limits them to 1 MiB. Forms have a smaller limit, since parsing a
# whole MiB of fields would block the event loop. The longest form is an operator's: a field per permission and group.
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 << 10  # bytes
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 << 20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 300
DATA_UPLOAD_MAX_NUMBER_FILES = 1
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

SESSION_COOKIE_AGE = 12 * 60 * 60  # seconds
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = _settings.https_only
SECURE_SSL_HOST = _settings.public_netloc if _settings.https_only else None
# The service itself sets security headers, HSTS among them, without duplicates. Django sets them too: for django_app
# served alone, and for check --deploy.
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if _settings.https_only else 0
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for subdomains: they may belong to others
    "security.W021",  # HSTS preload lists: they include subdomains
]

TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = "config.formats"  # a format setting alone is overridden by the language's


_REFUSALS = {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN}


def _without_traceback(record: logging.LogRecord) -> bool:
    record.exc_info = None
    return True


def _refusal_without_traceback(record: logging.LogRecord) -> bool:
    return getattr(record, "status_code", None) not in _REFUSALS or _without_traceback(record)


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "app.logs.KeyHidingFormatter", "fmt": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {"()": "app.logs.JsonFormatter"},
    },
    "filters": {
        name: {"()": "django.utils.log.CallbackFilter", "callback": callback}
        for name, callback in (("one_line", _without_traceback), ("one_line_if_refused", _refusal_without_traceback))
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": _settings.log_format}},
    "root": {"handlers": ["stderr"], "level": _settings.log_level},
    # Django's defaults would log only in debug mode, and mail errors.
    "loggers": {
        "django": {"handlers": [], "level": _settings.log_level, "propagate": True},
        "goatfish.access": {"level": logging.INFO},  # whoever asks for it gets it, whatever else is logged
        "django.request": {"filters": ["one_line_if_refused"]},
        "axes": {"level": max(logging.WARNING, logging.getLevelNamesMapping()[_settings.log_level])},
        **{  # scanners cause many; each logger needs the filter, since filters are not inherited
            f"django.security.{name}": {"filters": ["one_line"]}
            for name in (
                *("DisallowedHost", "DisallowedModelAdminLookup", "DisallowedModelAdminToField"),
                *("RequestDataTooBig", "TooManyFieldsSent", "TooManyFilesSent"),
                *("SuspiciousMultipartForm", "SuspiciousFileOperation", "SuspiciousOperation"),
            )
        },
    },
}
