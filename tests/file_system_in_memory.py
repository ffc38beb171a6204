"""Where the databases of tests lie: in memory, if there is enough, so that no test waits for the disk."""

import os
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")
MEMORY_MIN = 4 << 30  # free bytes: several times what all tests need


def memory() -> Path | None:
    """The file system in memory, where files are made many times faster; None where it is small or there is none."""
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_MIN
    return MEMORY if usable else None
