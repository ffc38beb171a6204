"""Writes goatfish.sync_api from goatfish.async_api: the same code without async and await.

Run it as ``python clients/python/generate.py``; a test finds out where that was forgotten.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from ruff import find_ruff_bin  # type: ignore[import-untyped]  # -- it has no types

PACKAGE = Path(__file__).parent / "src" / "goatfish"
HEADER = "# Generated from goatfish.async_api.{module} by clients/python/generate.py: edit that.\n"
WORDS = {
    r"\basync (def|with|for)\b": r"\1",
    r"\bawait ": "",
    r"\b_a(enter|exit|iter|next)_": r"_\1_",
    r"\b__a(enter|exit|iter|next)__": r"__\1__",
    r"\bAsync(?=[A-Z])": "",
    r"\basync_(?=[a-z])(?!api)": "",
    r"\basync_api\b": "sync_api",
    r"\ba(close|read|iter_bytes)\b": r"\1",
}


def generated(module: str, source: str) -> str:
    """The source of the module for plain calls."""
    for pattern, replacement in WORDS.items():
        source = re.sub(pattern, replacement, source)
    source = source.replace('"""The client for asyncio', '"""The client for plain calls')
    source = HEADER.format(module=module) + source
    ruff = find_ruff_bin()  # without another Python
    for command in (["check", "--quiet", "--fix-only", "--select", "I"], ["format", "--quiet"]):
        argv = [ruff, *command, "--stdin-filename", str(PACKAGE / "sync_api" / f"{module}.py"), "-"]
        done = subprocess.run(argv, input=source, capture_output=True, text=True, check=True)
        source = done.stdout
    return source


def modules() -> dict[Path, str]:
    """The files to write, and what they contain."""
    sources = sorted((PACKAGE / "async_api").glob("*.py"))
    return {
        PACKAGE / "sync_api" / path.name: generated(path.stem, path.read_text())
        for path in sources
        if path.stem != "__init__"
    }


if __name__ == "__main__":
    for path, text in modules().items():
        path.write_text(text)
