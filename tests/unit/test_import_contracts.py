"""Each import contract fails for a forbidden import."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FORBIDDEN = {
    "app stands on adapters, adapters on the domain": ("src/adapters/in_memory/storage.py", "import app"),
    "adapters do not know each other": ("src/adapters/http_fastapi/app.py", "import adapters.in_memory"),
    "resources stand on the kit, which knows none of them": (
        "src/adapters/http_fastapi/kit/bounds.py",
        "import adapters.http_fastapi.resources.system",
    ),
    "entities stand on routes, and routes on what is around every request": (
        "src/adapters/http_fastapi/kit/layers/cors.py",
        "import adapters.http_fastapi.kit.routes.dispatch",
    ),
    "repositories stand on SQL, and everything else of the database on them": (
        "src/adapters/django_orm/repositories/owners.py",
        "import adapters.django_orm.tenant_data.exporting",
    ),
    "SQL knows neither tables nor entities": ("src/adapters/django_orm/sql/compiler.py", "import domain.access.owner"),
    "entities stand on what they share": ("src/domain/revisions.py", "import domain.simulations.simulation"),
    "the domain imports the standard library alone": ("src/domain/simulations/simulation.py", "import django"),
    "memory needs no framework": ("src/adapters/in_memory/storage.py", "import fastapi"),
    "HTTP knows no database": ("src/adapters/http_fastapi/app.py", "import asyncpg"),
    "the database knows no HTTP": ("src/adapters/django_orm/storage.py", "import starlette"),
    "configuration is handed in, not fetched": ("src/adapters/in_memory/storage.py", "import config"),
    "configuration stands alone": ("config/settings.py", "import domain"),
    "settings load no Django": ("config/settings.py", "import django"),
    "no circle anywhere": ("src/app/http_server/framing.py", "import app.http_server.connection"),
}


def lint(copy: Path) -> str:
    """The report of import-linter on this copy of the source."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": f"{copy}/src{os.pathsep}{copy}", "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    return done.stdout


def contracts() -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("copy")
    for part in ("src", "config"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


@pytest.fixture(scope="module")
def violations(copy: Path) -> dict[str, str]:
    """The violations of each contract, where the source has all forbidden imports at once."""
    before = {copy / file: (copy / file).read_text() for file, _ in FORBIDDEN.values()}
    for file, line in FORBIDDEN.values():
        with (copy / file).open("a") as source:
            source.write(f"\n{line}\n")
    report = lint(copy)
    for path, text in before.items():
        path.write_text(text)
    _, *parts = re.split(r"^(.+)\n-+$", report.partition("Broken contracts")[2], flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_contract_has_a_forbidden_import(copy: Path) -> None:
    assert set(FORBIDDEN) == contracts()
    assert "BROKEN" not in lint(copy)


@pytest.mark.parametrize("contract", FORBIDDEN)
def test_contract_refuses_its_forbidden_import(violations: dict[str, str], contract: str) -> None:
    file, line = FORBIDDEN[contract]
    names = file.removeprefix("src/").removesuffix(".py").replace("/", "."), line.removeprefix("import ")
    siblings = (f".{name.rpartition('.')[2]}" for name in names)  # as circles are reported
    assert any(f"{' -> '.join(pair)} (" in violations[contract] for pair in (names, siblings)), violations[contract]
