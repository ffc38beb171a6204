"""Goatfish configured for production, in processes of its own: behind HTTPS, and with and without the admin."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.warm_start import goatfish, python

CONFIGURED = {
    "GOATFISH_DATABASE_URL": "postgresql://service@127.0.0.1:1/goatfish",
    "GOATFISH_SECRET_KEY": "nTqVxkUfXw7cRzYb2mHs9dLpJ4aGe6ivQo1K8yDtWhEu3BjMZg5NFrSCPA0xIlOk",
    "GOATFISH_ALLOWED_HOSTS": "goatfish.example",
}
OPERATORS = {"GOATFISH_OPERATOR_DATABASE_URL": "postgresql://operator@127.0.0.1:1/goatfish"}
HTTPS = {"GOATFISH_HTTPS": "true"}
PUBLIC = {"GOATFISH_PUBLIC_URL": "https://goatfish.example:8443", "GOATFISH_ALLOWED_HOSTS": ""}
ASK = """
import json, sys
from starlette.testclient import TestClient
from app.asgi import app, django_app
http = TestClient(app, base_url=sys.argv[1], follow_redirects=False)
answers = {path: http.get(path) for path in sys.argv[2:]}
loaded = [name for name in ("adapters.django_orm.admin", "adapters.django_orm.urls") if name in sys.modules]
json.dump(
    {
        "served": django_app is not None,
        "loaded": loaded,
        "statuses": {path: answer.status_code for path, answer in answers.items()},
        "headers": {path: dict(answer.headers) for path, answer in answers.items()},
    },
    sys.stdout,
)
"""
LOGIN = "/admin/login/"


class Configured:
    """Runs Python in an empty directory, configured for production and as a test says."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def __call__(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self._run(python(*arguments), variables)

    def goatfish(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self._run(goatfish(*arguments), variables)

    def _run(self, command: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GOATFISH_", "DJANGO_"))}
        return subprocess.run(
            command,
            cwd=self.directory,
            env=kept | CONFIGURED | variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def ask(self, base: str, *paths: str, **variables: str) -> Any:
        """What the service answers to these paths, without a database."""
        done = self("-c", ASK, base, *paths, **variables)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def configured(tmp_path: Path) -> Configured:
    return Configured(tmp_path)


@pytest.mark.parametrize("https", [HTTPS, PUBLIC], ids=["https", "public-url"])
def test_django_has_no_warnings_behind_https(configured: Configured, https: dict[str, str]) -> None:
    check = ("django", "check", "--deploy", "--fail-level", "WARNING")
    done = configured.goatfish(*check, **OPERATORS, **https)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout
    without = configured.goatfish(*check, **OPERATORS)
    assert without.returncode == 1
    assert "SESSION_COOKIE_SECURE" in without.stderr


@pytest.mark.parametrize(
    ("https", "origin"),
    [(HTTPS, "https://goatfish.example"), (PUBLIC, "https://goatfish.example:8443")],
    ids=["https", "public-url"],
)
def test_cookies_of_the_admin_are_secure_behind_https(
    configured: Configured, https: dict[str, str], origin: str
) -> None:
    plain = configured.ask("http://goatfish.example", LOGIN, "/openapi.json", **OPERATORS, **https)
    assert plain["statuses"] == {LOGIN: 301, "/openapi.json": 200}
    assert plain["headers"][LOGIN]["location"] == f"{origin}{LOGIN}"
    headers = configured.ask(origin, LOGIN, **OPERATORS, **https)["headers"][LOGIN]
    assert {"Secure", "HttpOnly", "SameSite=Lax"} <= {part.strip() for part in headers["set-cookie"].split(";")}
    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("more", "served"),
    [
        ({}, False),
        (OPERATORS, True),
        ({"GOATFISH_ONE_ROLE": "true"}, True),
        ({"GOATFISH_DATABASE_URL": ""}, True),
    ],
    ids=["without-operators", "with-an-operators-url", "one-role", "sqlite"],
)
def test_the_admin_is_served_only_with_the_operators_database_url(
    configured: Configured, more: dict[str, str], served: bool
) -> None:
    paths = ("/admin", "/admin/", LOGIN, "/static/admin/css/base.css")
    found = configured.ask("http://goatfish.example", *paths, "/nothing", **more)
    assert found["served"] is served
    assert found["loaded"] == (["adapters.django_orm.admin", "adapters.django_orm.urls"] if served else [])
    assert found["statuses"].pop("/nothing") == 404
    assert list(found["statuses"].values()) == ([301, 302, 200, 200] if served else [404] * 4)


@pytest.mark.parametrize(
    "command",
    [
        "owner list",
        "owner create Acme",
        "owner deactivate Acme",
        "owner erase 01a202fc-68d7-701f-8c34-8b4cd79b5521 --dry-run",
        "owner export Acme",
        "owner import file",
        "key list Acme",
        "operator create boss --password-stdin",
        "seed",
        "purge",
        "up",
    ],
)
def test_operators_commands_require_the_operators_database_url(configured: Configured, command: str) -> None:
    done = configured.goatfish(*command.split())
    words = "This command needs GOATFISH_OPERATOR_DATABASE_URL, which is not set.\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", words)


def test_a_new_sqlite_file_is_readable_by_its_owner_alone(configured: Configured) -> None:
    file = configured.directory / "made.sqlite3"
    read = "import django; django.setup(); from django.db import connection as c;"
    read += "from adapters.django_orm.sqlite.base import create_file; create_file('made.sqlite3');"
    read += "c.cursor().execute('CREATE TABLE IF NOT EXISTS x (y)'); import os;"
    read += "print(*(oct(os.stat(f'made.sqlite3{end}').st_mode)[-3:] for end in ('', '-wal', '-shm')))"
    variables = {"GOATFISH_DATABASE_URL": "sqlite:///made.sqlite3", "DJANGO_SETTINGS_MODULE": "config.django"}
    assert configured("-c", read, **variables).stdout == "600 600 600\n"
    file.chmod(0o640)
    assert configured("-c", read, **variables).stdout.split()[0] == "640"


def test_the_doctor_reports_a_missing_operators_url(configured: Configured) -> None:
    said = configured.goatfish("doctor").stdout
    assert "the admin and operators' commands are not available." in said
    assert "The API cannot connect to" in said
    assert "Operators" not in said


def test_the_doctor_warns_of_postgresql_without_https(configured: Configured) -> None:
    assert "warning  GOATFISH_HTTPS is not set" in configured.goatfish("doctor", **OPERATORS).stdout
    https = configured.goatfish("doctor", **OPERATORS, **HTTPS).stdout
    assert "Browsers must use HTTPS" in https
    assert "warning  GOATFISH_PUBLIC_URL is not set: behind a proxy on another port than 443" in https
    assert "PUBLIC_URL" not in configured.goatfish("doctor", **OPERATORS, **PUBLIC).stdout
