"""What Django alone needs, derived from the settings."""

import logging
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from config.databases import django_database
from config.settings import load
from config.verification import require_verified

_settings = load()
require_verified(_settings)

SECRET_KEY = _settings.secret_key.get_secret_value()
SECRET_KEY_FALLBACKS = [_settings.secret_key_previous.get_secret_value()] if _settings.secret_key_previous else []
ALLOWED_HOSTS = list(_settings.allowed_hosts)
DEBUG = False

# Static files are served by the ASGI application straight from the admin's package, so that nothing is collected.
INSTALLED_APPS = [
    "adapters.django_orm",  # before the admin, some of whose templates it extends
    # Without looking for the admin's pages: they are loaded by whoever serves them, and by no command or API replica.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "axes",
]
MIDDLEWARE = [
    "adapters.django_orm.middleware.UnusableInput",  # first: whatever refuses a request after it can look at its form
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

# Django is the operator's way in; the service has connections of its own.
DATABASES = {"default": django_database(_settings.operator_url)}
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

# Whoever guesses is locked out, by name and address: an operator's name alone would let strangers lock them out. Many
# failures from an address lock it out for every name: lockout.py counts them, and has that limit. The address is that
# of the connection, or the one a proxy told that `goatfish serve --proxy` trusts.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_HANDLER = "adapters.django_orm.admin.lockout.Lockout"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "adapters.django_orm.admin.lockout.client_address"
AXES_LOCKOUT_CALLABLE = "adapters.django_orm.admin.lockout.locked_out"
AXES_SENSITIVE_PARAMETERS = ["username"]  # not to be logged: people type passwords there too
AXES_DISABLE_ACCESS_LOG = True  # it would grow for ever
AXES_ENABLE_ADMIN = False  # what it keeps is shown by the admin's own page, and never changed there
AXES_VERBOSE = False

# The service lets in no body of more than 1 MiB: all of it stays in memory, and nothing of it is written to a disk. A
# form is far smaller, and to parse a whole MiB of one would hold up everybody. That of an operator is the longest: it
# sends a field for each of its rights and groups.
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 << 10  # bytes
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 << 20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 300
DATA_UPLOAD_MAX_NUMBER_FILES = 1
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

SESSION_COOKIE_AGE = 12 * 60 * 60  # seconds
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = _settings.https
# The service sees to the headers of every answer, HSTS and the refusal of frames among them, and repeats none. Django
# is told all the same: django_app alone has nothing round it, and check --deploy asks.
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if _settings.https else 0
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for subdomains: they may be somebody else's, and not ready for it
    "security.W021",  # nor are they ours to enter in browsers' preload lists
]

TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = "config.formats"  # a setting of a format alone would give way to those of the language


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
        "line": {"()": "app.logs.KeyHidingFormatter", "fmt": "{asctime} {levelname} {name}: {message}", "style": "{"}
    },
    "filters": {
        name: {"()": "django.utils.log.CallbackFilter", "callback": callback}
        for name, callback in (("one_line", _without_traceback), ("one_line_if_refused", _refusal_without_traceback))
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": _settings.log_level},
    # Django's defaults would print only in debug and mail errors to nobody.
    "loggers": {
        "django": {"handlers": [], "level": _settings.log_level, "propagate": True},
        "django.request": {"filters": ["one_line_if_refused"]},
        "axes": {"level": max(logging.WARNING, logging.getLevelNamesMapping()[_settings.log_level])},
        **{  # whoever scans the net brings many of them; a logger each, for filters are not inherited
            f"django.security.{name}": {"filters": ["one_line"]}
            for name in (
                *("DisallowedHost", "DisallowedModelAdminLookup", "DisallowedModelAdminToField"),
                *("RequestDataTooBig", "TooManyFieldsSent", "TooManyFilesSent"),
                *("SuspiciousMultipartForm", "SuspiciousFileOperation", "SuspiciousOperation"),
            )
        },
    },
}
