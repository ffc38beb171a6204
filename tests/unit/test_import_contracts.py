"""The architecture's contracts really fail: each has an import here that it is there to refuse."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

FORBIDDEN = {
    "app stands on adapters, adapters on the domain": ("src/adapters/in_memory/storage.py", "import app"),
    "adapters do not know each other": ("src/adapters/http_fastapi/api.py", "import adapters.in_memory"),
    "the domain imports the standard library alone": ("src/domain/simulations/simulation.py", "import django"),
    "memory needs no framework": ("src/adapters/in_memory/storage.py", "import fastapi"),
    "HTTP knows no database": ("src/adapters/http_fastapi/api.py", "import asyncpg"),
    "the database knows no HTTP": ("src/adapters/django_orm/owned.py", "import starlette"),
    "configuration is handed in, not fetched": ("src/adapters/in_memory/storage.py", "import config"),
    "configuration stands alone": ("config/settings.py", "import domain"),
    "settings and the embedded server load no Django": ("config/settings.py", "import django"),
}


def broken_contracts(copy: Path) -> set[str]:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": f"{copy}/src{os.pathsep}{copy}", "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    return set(re.findall(r"^(.+) BROKEN", done.stdout, flags=re.MULTILINE))


def test_each_contract_refuses_the_import_it_is_there_for(tmp_path: Path) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts = {contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]}
    assert set(FORBIDDEN) == contracts
    for part in ("src", "config"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for file, line in FORBIDDEN.values():
        with (tmp_path / file).open("a") as source:
            source.write(f"\n{line}\n")
    assert broken_contracts(tmp_path) == contracts
