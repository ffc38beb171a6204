"""A PostgreSQL on another machine is connected to only where somebody has said whether to verify it."""

import os
import subprocess

import pytest

from tests.warm_start import python

REMOTE = "postgresql://ann:hunter2@db.invalid/x"
"""A name that nobody has."""
GOATFISH = "import warnings; warnings.simplefilter('error'); from app.cli import main; main()"
SAID = "db.invalid is not this machine, and the URL does not say whether to verify its identity. Add "


def run(*command: str, **urls: str) -> "subprocess.CompletedProcess[str]":
    here = {"GOATFISH_DATABASE_URL": "postgresql://ann@localhost/x"}
    here |= {"GOATFISH_OPERATOR_DATABASE_URL": "postgresql://bob@localhost/x"}
    here |= {"ADMINISTRATOR_DATABASE_URL": "postgresql://carl@localhost/x"}
    env = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | here | urls
    program = python("-c", GOATFISH, *command)
    done = subprocess.run(program, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert "hunter2" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (("serve", "--port", "0"), "GOATFISH_DATABASE_URL"),
        (("serve", "--port", "0"), "GOATFISH_OPERATOR_DATABASE_URL"),
        (("migrate",), "GOATFISH_OPERATOR_DATABASE_URL"),
        (("owner", "list"), "GOATFISH_OPERATOR_DATABASE_URL"),
        (("database", "create"), "GOATFISH_DATABASE_URL"),
        (("django", "check"), "GOATFISH_OPERATOR_DATABASE_URL"),
    ],
)
def test_no_command_sends_a_password_to_an_unverified_server(command: tuple[str, ...], name: str) -> None:
    done = run(*command, **{name: REMOTE})
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert done.stderr.startswith(f"{name}: {SAID}")


def test_the_administrator_url_needs_verification_too() -> None:
    done = run("database", "create", ADMINISTRATOR_DATABASE_URL=REMOTE)
    assert done.returncode == 2
    assert done.stderr.startswith(f"The administrator's URL: {SAID}")


def test_the_doctor_reports_an_error_and_does_not_connect() -> None:
    done = run("doctor", GOATFISH_DATABASE_URL=REMOTE)
    assert done.returncode == 1
    assert f"ERROR    GOATFISH_DATABASE_URL: {SAID}" in done.stdout
    assert "reach" not in done.stdout


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require"])
def test_the_doctor_warns_of_a_server_that_is_not_verified(mode: str) -> None:
    done = run("doctor", GOATFISH_OPERATOR_DATABASE_URL=f"{REMOTE}?sslmode={mode}")
    line = f"GOATFISH_OPERATOR_DATABASE_URL: sslmode={mode} does not verify the identity of db.invalid."
    assert f"warning  {line}" in done.stdout
    assert "the URL does not say" not in done.stdout


def test_sslmode_of_the_environment_counts() -> None:
    done = run("migrate", GOATFISH_OPERATOR_DATABASE_URL=REMOTE, PGSSLMODE="disable")
    assert SAID not in done.stderr
    assert done.returncode != 0
