"""A small file system, in memory, that tests fill."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MIB = 1 << 20


class SmallDisk:
    """A directory on a file system of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self, *, leave: int) -> None:
        """Fills it but for so many bytes."""
        with self._ballast.open("ab") as file:
            while (free := self._free() - leave) > 0:
                file.write(bytes(min(free, MIB)))
                file.flush()

    def empty(self) -> None:
        """Removes what ``fill`` has written."""
        self._ballast.unlink()

    def _free(self) -> int:
        status = os.statvfs(self.path)
        return status.f_bavail * status.f_frsize


@contextmanager
def small_disk(path: Path, size: int, owner: int | None = None) -> Iterator[SmallDisk]:
    """Mounts one of ``size`` bytes at this empty directory; fails the test where that is not allowed."""
    path.mkdir(exist_ok=True)
    user = os.geteuid() if owner is None else owner
    options = f"size={size},mode=0700,uid={user}"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "goatfish-test", path], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.fail(f"A small file system is needed, and only root may mount it: {mounted.stderr.strip()}", False)
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)
