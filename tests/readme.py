"""The examples of the README and of docs, run by bash beside a fresh service; as a program it writes their outputs."""

import os
import pty
import re
import select
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.integration.test_processes import Shell
from tests.warm_start import goatfish

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / name
    for name in ("README.md", "docs/api.md", "docs/owners-and-keys.md", "docs/postgresql.md", "docs/operations.md")
]
"""In the order in which their examples are run, by one shell."""
START = "./run up"
NOT_RUN = {
    "export PGSSLMODE=verify-full PGSSLROOTCERT=/etc/ssl/certs/ca-certificates.crt": "needs a PostgreSQL elsewhere",
    "GOATFISH_DATABASE_URL=$GOATFISH_OPERATOR_DATABASE_URL goatfish serve": "as well",
}
"""The first commands of blocks that cannot be run; test_roles.py and test_production.py try what they show."""
SECONDS = 120
"""In which all of them must have run."""
LEFT_OUT = "[…]"
"""Stands for any lines."""
_PORT = "127.0.0.1:8000"
"""Where the service of the examples listens."""
_BLOCK = re.compile(r"^```\n(\$ .*?)^```$", re.MULTILINE | re.DOTALL)
_VARIES = [
    (re.compile(pattern, re.MULTILINE), name)
    for pattern, name in (
        (r"gf_[0-9A-Za-z]{14}_[0-9A-Za-z]{49}", "<key>"),
        (r"#/sign-in/[\w-]{32}", "#/sign-in/<code>"),
        (r"gf_[0-9A-Za-z]{14}", "<prefix>"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<id>"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?Z", "<time>"),
        (r"^date: .* GMT$", "<date>"),
        (r'"\d+-[0-9a-f]{6}"', "<etag>"),
        (r"\b[0-9a-f]{32}\b", "<request id>"),
        (r'"next_cursor":"[\w-]+"', "<cursor>"),
        (r"r=\d+;t=\d+", "<limit>"),
        (r"^content-length: \d+$", "<length>"),
        (r"admin / \S+$", "<password>"),
        (r"127\.0\.0\.1:\d+", "<address>"),
        (r"\b\d+ (migrations|rows|[a-z_]+(?=[,.]))", r"<number> \1"),
        (r"^([a-z_]+ +)\d+$", r"\1<number>"),
    )
]


@dataclass(frozen=True)
class Example:
    """A command, of one or several lines, and what the page shows that it prints."""

    command: str
    output: str


def blocks() -> list[list[Example]]:
    """The blocks that contain commands, in order."""
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    return [[*_examples(found[1])] for found in _BLOCK.finditer(text)]


def _examples(block: str) -> Iterator[Example]:
    """A line after a command belongs to it while a quote is open, or a backslash continues it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = part.rstrip("\n").split("\n")
        size = 1
        while lines[size - 1].endswith("\\") or "\n".join(lines[:size]).count("'") % 2:
            size += 1
        yield Example("\n".join(lines[:size]), "\n".join(lines[size:]).strip("\n"))


def shape(output: str) -> str:
    """What a command prints, without what differs from one run to the next."""
    for pattern, name in _VARIES:
        output = pattern.sub(name, output)
    return "\n".join(line.rstrip() for line in output.strip().splitlines())


def has_shape(output: str, shown: str) -> bool:
    """Whether the output is of the shape that is shown, where ``[…]`` stands for any lines."""
    parts = (re.escape(part.strip("\n")) for part in shape(shown).split(LEFT_OUT))
    return re.fullmatch(r"[\s\S]*".join(rf"\s*{part}\s*" if part else "" for part in parts), shape(output)) is not None


def run_all(directory: Path) -> list[tuple[Example, str]]:
    """Starts a service there, and gives every example with what it prints. Raises ``AssertionError``."""
    program = directory / ".venv" / "bin" / "goatfish"  # where the examples find it
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.join(goatfish())} "$@"\n')
    program.chmod(0o755)
    shell = Shell(directory)
    found = {block[0].command: block for block in blocks()}
    examples = [each for first, block in found.items() if first not in {START, *NOT_RUN} for each in block]
    with shell.running("up", until="Ctrl-C stops it") as running:
        box = "\n".join(line for line in running.said.splitlines() if not line.startswith("Port 8000 is in use"))
        address = re.search(r"API +http://(127\.0\.0\.1:\d+)/", box)
        assert address, box
        commands = [each.command.replace(_PORT, address[1]) for each in examples]
        outputs = run_in_bash(commands, directory, shell.environment(TERM="dumb", LC_ALL="C.UTF-8"))
    given = [(found[START][0], box), *zip(examples, outputs, strict=True)]
    return [(example, output.replace(address[1], _PORT)) for example, output in given]


def run_in_bash(commands: list[str], directory: Path, env: Mapping[str, str]) -> list[str]:
    """What each command prints to a terminal, all of one bash. Raises ``AssertionError`` where it ends early."""
    script = directory / "script.sh"
    script.write_text("".join(f"printf '\\001%d\\001' {n}\n{each}\n" for n, each in enumerate(commands)))
    leader, follower = pty.openpty()
    end, said = time.monotonic() + SECONDS, b""
    with subprocess.Popen(
        ["bash", str(script)],
        cwd=directory,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    ) as bash:
        os.close(follower)
        with suppress(OSError):  # how the end of a terminal reads on Linux
            while select.select([leader], [], [], max(0.0, end - time.monotonic()))[0]:
                if not (part := os.read(leader, 65536)):
                    break
                said += part
        os.close(leader)
        with suppress(ProcessLookupError):
            os.killpg(bash.pid, signal.SIGKILL)
    text = said.decode().replace("\r", "")
    assert time.monotonic() < end, f"The examples take more than {SECONDS} s:\n{text}"
    _, *outputs = re.split(r"\x01\d+\x01", text)
    assert len(outputs) == len(commands), text
    return ["\n".join(line.rstrip() for line in output.strip().splitlines()) for output in outputs]


def as_shown(output: str, shown: str) -> str:
    """The output, or as many lines of its end as are shown after ``[…]``; what is shown where it is in between."""
    if LEFT_OUT not in shown:
        return output
    first, *rest = shown.split("\n")
    if first != LEFT_OUT or LEFT_OUT in "".join(rest):
        return shown
    return "\n".join([LEFT_OUT, *output.split("\n")[-len(rest) :]])


def rewrite() -> None:
    """Puts what the examples print into their pages, or the part of it that is shown there."""
    pages = {page: page.read_text(encoding="utf-8") for page in PAGES}
    with tempfile.TemporaryDirectory() as directory:
        for example, output in run_all(Path(directory)):
            before, after = (
                f"$ {example.command}\n" + (f"{text}\n" if text else "")
                for text in (example.output, as_shown(output, example.output))
            )
            if example.command != START:
                (page,) = (page for page, text in pages.items() if before in text)
                pages[page] = pages[page].replace(before, after, 1)
    for page, text in pages.items():
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    rewrite()
