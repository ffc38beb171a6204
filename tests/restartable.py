"""A service of its own that tests stop, kill and start again at the same address."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

from tests.ports import free_port
from tests.running_service import SECRET_KEY

PATIENCE = 90.0
"""Seconds for what takes a few: the machine may be busy."""


def environment(url: str, operator_url: str, **variables: str) -> dict[str, str]:
    """The environment of a service on this database as it is in production, without rate limits."""
    settings = {"DATABASE_URL": url, "OPERATOR_DATABASE_URL": operator_url, "SECRET_KEY": SECRET_KEY}
    settings |= {"RATE_LIMIT": "0", "FAILURE_LIMIT": "0", **variables}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GOATFISH_")}
    return kept | {f"GOATFISH_{name}": value for name, value in settings.items()}


def wait_until(holds: Callable[[], bool], what: str = "what the test waits for") -> None:
    """Waits until the condition holds; ``what`` says in words what would hold."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"it is not so after {PATIENCE:g} seconds: {what}"
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Whether this URL is answered with 200."""
    with suppress(OSError), urlopen(url, timeout=PATIENCE) as response:
        return bool(response.status == 200)
    return False


class Restartable:
    """``goatfish serve`` with these options, in a process group of its own; its log goes to a file."""

    def __init__(self, env: Mapping[str, str], log: Path, *options: str) -> None:
        self.port, self.log = free_port(), log
        self._command = [sys.executable, "-m", "app.cli", "serve", "--port", str(self.port), *options]
        self._env = dict(env)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def children(self) -> list[int]:
        """The worker processes, where there are several."""
        workers = []
        for child in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
            with suppress(OSError):  # it ends just now
                if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                    workers.append(int(child))
        return workers

    def start(self) -> None:
        """Starts it, and waits until it is ready."""
        wait_until(self._port_is_free, "the port is free")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, env=self._env, stderr=log, start_new_session=True)
        wait_until(self._is_ready, "the service is ready")

    def _port_is_free(self) -> bool:
        with suppress(OSError), socket.create_server(("127.0.0.1", self.port)):
            return True
        return False

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        return answers(f"{self.url}/readyz")

    def stop(self) -> int:
        """Stops it as an operator would, and returns its exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE)

    def kill(self) -> None:
        """Ends all of its processes as nothing can prevent."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
