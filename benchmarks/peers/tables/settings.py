"""Django's settings for the peers: production's, without the middleware that a bare API has no use for."""

import os
from urllib.parse import urlsplit

_url = urlsplit(os.environ["BENCH_DATABASE_URL"])

SECRET_KEY = "guards nothing: the benchmark's tables hold invented rows"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
ROOT_URLCONF = os.environ.get("BENCH_URLCONF", "benchmarks.peers.tables.settings")
urlpatterns: list[object] = []  # of the peers that have routes of their own
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "benchmarks.peers.tables"]
INSTALLED_APPS += os.environ.get("BENCH_APPS", "").split()
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _url.path.removeprefix("/"),
        "USER": _url.username,
        "PASSWORD": _url.password,
        "HOST": _url.hostname,
        "PORT": _url.port,
        # A pool for those who ask from threads that come and go, else a lasting connection a thread: both documented.
        **(
            {"OPTIONS": {"pool": {"min_size": 1, "max_size": 10}}}
            if os.environ.get("BENCH_POOL")
            else {"CONN_MAX_AGE": None}
        ),
    }
}
BOLT_API = os.environ.get("BENCH_BOLT_API", "").split()
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "benchmarks.peers.drf.unprocessable",
    "UNAUTHENTICATED_USER": None,
}
