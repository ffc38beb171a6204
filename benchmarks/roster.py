"""The peers, each in a file of its own, and how each is started: one worker process of what its documentation names."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from benchmarks.contestants import MLFLOW_BIN, PEERS_BIN, ROOT, Contestant, Dialect, Place

SETTINGS = "benchmarks.peers.tables.settings"


def _environment(**more: str) -> Callable[[Place], Mapping[str, str]]:
    def environment(place: Place) -> Mapping[str, str]:
        return {
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": SETTINGS,
            "BENCH_DATABASE_URL": place.database.administrator,
            "BENCH_KEYS": place.keys,
            "BENCH_KEYS_FILE": str(place.keys_file),
            **more,
        }

    return environment


def _uvicorn(module: str) -> Callable[[Place], Sequence[str]]:
    def command(place: Place) -> Sequence[str]:
        program = [str(PEERS_BIN / "uvicorn"), f"{module}:app", "--host", "127.0.0.1", "--port", str(place.port)]
        # A line for every request is the one thing in uvicorn's ways that is turned off for all.
        return [*program, "--workers", "1", "--no-access-log", "--log-level", "warning"]

    return command


def _gunicorn(place: Place) -> Sequence[str]:
    program = [str(PEERS_BIN / "gunicorn"), "benchmarks.peers.tables.wsgi", "--bind", f"127.0.0.1:{place.port}"]
    return [
        *program,
        "--workers",
        "1",
        "--worker-class",
        "gthread",
        "--threads",
        "4",
        "--keep-alive",
        "75",
        "--no-control-socket",
    ]


def _runbolt(place: Place) -> Sequence[str]:
    program = [str(PEERS_BIN / "python"), "-m", "django", "runbolt", "--host", "127.0.0.1", "--port", str(place.port)]
    return [*program, "--processes", "1", "--no-admin"]


def _mlflow(place: Place) -> Sequence[str]:
    url = place.database.administrator.replace("://", "+psycopg://", 1)
    options = ["--backend-store-uri", url, "--default-artifact-root", str(place.keys_file.parent / "artifacts")]
    program = [str(MLFLOW_BIN / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(place.port), *options]
    return [*program, "--workers", "1", "--uvicorn-opts", "--no-access-log --log-level warning"]


def _mlflow_environment(_: Place) -> Mapping[str, str]:
    """Its own directory of programs leads, since it starts its server by name; nothing is reported to its makers."""
    return {
        "PATH": f"{MLFLOW_BIN}{os.pathsep}{os.environ['PATH']}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }


DRF_APPS = "rest_framework django_filters"
UVICORN = "uvicorn (uvloop, httptools)"
GUNICORN = "gunicorn (gthread, 4 threads)"

DRF = Contestant(
    name="Django REST framework",
    served=GUNICORN,
    command=_gunicorn,
    environment=_environment(BENCH_URLCONF="benchmarks.peers.drf", BENCH_APPS=DRF_APPS),
    dialect=Dialect(slash="/", items="results", next="next"),
)
NINJA = Contestant(
    name="Django Ninja",
    served=GUNICORN,
    command=_gunicorn,
    environment=_environment(BENCH_URLCONF="benchmarks.peers.ninja", BENCH_APPS="ninja"),
    dialect=Dialect(items="results", next="next", limit="page_size"),
)
BOLT = Contestant(
    name="django-bolt",
    served="runbolt (actix)",
    command=_runbolt,
    environment=_environment(BENCH_APPS="django_bolt", BENCH_POOL="1", BENCH_BOLT_API="benchmarks.peers.bolt:api"),
    ships_lookup=False,
)
FASTAPI = Contestant(
    name="FastAPI + SQLAlchemy",
    served=UVICORN,
    command=_uvicorn("benchmarks.peers.fastapi_sqlalchemy"),
    environment=_environment(),
)
LITESTAR = Contestant(
    name="Litestar + SQLAlchemy",
    served=UVICORN,
    command=_uvicorn("benchmarks.peers.litestar_sqlalchemy"),
    environment=_environment(),
    dialect=Dialect(next="cursor"),
)
RECIPE = Contestant(
    name="FastAPI def + Django",
    served=UVICORN,
    command=_uvicorn("benchmarks.peers.recipe"),
    environment=_environment(),
)
LIMIT = Contestant(
    name="limit: bare ASGI",
    served=UVICORN,
    command=_uvicorn("benchmarks.limit"),
    environment=_environment(),
    own_orm=False,
    ships_lookup=False,
)
MLFLOW = Contestant(
    name="MLflow tracking server",
    served="mlflow server (uvicorn)",
    command=_mlflow,
    environment=_mlflow_environment,
    own_orm=False,
    ready=("/health", 200),
)
RUN_PEERS = (
    replace(DRF, environment=_environment(BENCH_URLCONF="benchmarks.peers.drf_runs", BENCH_APPS=DRF_APPS)),
    replace(FASTAPI, command=_uvicorn("benchmarks.peers.fastapi_runs")),
    replace(LITESTAR, command=_uvicorn("benchmarks.peers.litestar_runs")),
)
"""Those that have runs as well."""
PEERS = (DRF, NINJA, BOLT, FASTAPI, LITESTAR, RECIPE)
