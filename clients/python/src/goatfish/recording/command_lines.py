"""Command lines as they are recorded: without their secrets."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from typing import Union

from goatfish.recording import values

_PRIVATE = (
    r"(?:pass(?:word|wd|phrase)?|pwd|token|secret|credentials?|auth|api[-_]?key|access[-_]?key|private[-_]?key|key)"
)
_PRIVATE_NAME = re.compile(rf"(?:^|[-_.]){_PRIVATE}$", re.IGNORECASE)
_ASSIGNED = re.compile(r"^(?P<name>-{0,2}[A-Za-z0-9][A-Za-z0-9_.-]*)(?P<sign>[=:]\s*)(?P<value>.+)$", re.DOTALL)
_URL_PASSWORD = re.compile(r"(?P<before>[A-Za-z][A-Za-z0-9+.-]*://[^/\s:@]*:)[^/\s@]+(?=@)")
_URL_QUERY = re.compile(rf"(?P<before>[?&][A-Za-z0-9_.-]*{_PRIVATE}=)[^&\s#]+", re.IGNORECASE)
_TOKEN = re.compile(r"\b(gf_[0-9A-Za-z]+_|gh[opsu]_|github_pat_|glpat-|xox[abp]-|sk-|AKIA)[0-9A-Za-z_-]{8,}")
_MASK = "***"


def own_arguments() -> list[str]:
    """The command line of this process as it was given, including Python's own options where they are known."""
    given = getattr(sys, "orig_argv", None)
    return list(given) if given else [sys.executable or "python", *getattr(sys, "argv", [])]


def parted(command: Union[str, Sequence[str]]) -> list[str]:
    """The arguments of a command; of one that is a text as a shell would read it."""
    if not isinstance(command, str):
        return list(command)
    try:
        return shlex.split(command)
    except ValueError:  # of quotes that do not end
        return command.split()


def masked(arguments: Sequence[str]) -> list[str]:
    """A command line without its secrets: values of options such as ``--token``, and passwords within URLs."""
    shown, hide = [], False
    for argument in map(values.plain_text, arguments):
        if hide and not argument.startswith("--"):
            shown.append(_MASK)
            hide = False
            continue
        hide = argument.startswith("-") and bool(_PRIVATE_NAME.search(argument.lstrip("-")))
        assigned = _ASSIGNED.match(argument)
        if assigned and _PRIVATE_NAME.search(assigned["name"].lstrip("-")):
            shown.append(f"{assigned['name']}{assigned['sign']}{_MASK}")
            continue
        kept = _URL_PASSWORD.sub(rf"\g<before>{_MASK}", argument)
        kept = _URL_QUERY.sub(rf"\g<before>{_MASK}", kept)
        kept = re.sub(r"(?i)\b((?:authorization:\s*)?(?:bearer|basic)\s+)\S+", rf"\g<1>{_MASK}", kept)
        kept = re.sub(
            r"(?i)\b((?:x-api-key|private-token|authorization)\s*:\s*)(?!bearer|basic)\S+", rf"\g<1>{_MASK}", kept
        )
        shown.append(_TOKEN.sub(rf"\g<1>{_MASK}", kept))
    return shown
