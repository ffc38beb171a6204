"""docs/how-to/typescript.md works as it stands, with the versions of packages in package-lock.json."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.embedded_postgres import Server
from tests.how_to.pages import check, text_of, user
from tests.running_service import Live, live

HERE = Path(__file__).parent
MANIFESTS = ("package.json", "package-lock.json")


@pytest.fixture(scope="module")
def service() -> Iterator[Live]:
    with Server(in_memory=True) as server, live(server.url, server.operator_url) as running:
        yield running


@pytest.fixture
def packages(tmp_path: Path) -> dict[str, str]:
    """Installs the locked packages; gives npm's settings, by which it asks no registry for what is there."""
    if shutil.which("npm") is None:
        pytest.fail("npm is not on PATH. On Debian: apt install nodejs npm", pytrace=False)
    for name in MANIFESTS:
        shutil.copy(HERE / name, tmp_path)
    done = subprocess.run(["npm", "ci"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    home = Path.home()
    return {
        "npm_config_userconfig": str(home / ".npmrc"),
        "npm_config_cache": str(home / ".npm"),
        "npm_config_prefer_offline": "true",
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
    }


def test_the_page_works_as_it_stands(service: Live, packages: dict[str, str], tmp_path: Path) -> None:
    check(text_of("typescript.md"), tmp_path, user(service, tmp_path) | packages)
    for name in MANIFESTS:
        assert json.loads((tmp_path / name).read_text()) == json.loads((HERE / name).read_text()), (
            "the page installs other packages than are locked"
        )


def test_the_lock_pins_by_hash_and_names_no_host() -> None:
    lock = json.loads((HERE / "package-lock.json").read_text())
    packages = [each for name, each in lock["packages"].items() if name]
    assert packages
    assert all(each["integrity"].startswith("sha512-") and "resolved" not in each for each in packages)
