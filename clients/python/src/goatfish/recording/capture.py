"""Capture where a run takes place: the machine, the program, the state of the source code, and the batch job."""

from __future__ import annotations

import os
import platform
import shlex
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Optional, Union

from goatfish.recording import values
from goatfish.recording.batch_jobs import batch
from goatfish.recording.command_lines import masked, own_arguments, parted
from goatfish.recording.git_state import git


@dataclass(frozen=True)
class Capture:
    """What the client captures; each part can be switched off.

    ``command`` and ``directory`` may be given in place of those of this process: a text or a list of arguments, and a
    path.
    Labels: ``host``, ``user``, ``python``, ``git.commit``, ``git.branch``, ``git.dirty``, and ``batch`` with
    ``batch.job`` and the like. Parameters, which may be longer: ``command`` and ``directory``.
    """

    host: bool = True
    user: bool = True
    directory: Union[bool, str] = True
    command: Union[bool, str, Sequence[str]] = True
    git: bool = True
    python: bool = True
    batch: bool = True

    @classmethod
    def of(cls, given: Union[bool, Capture]) -> Capture:
        """All for True, nothing for False."""
        if isinstance(given, Capture):
            return given
        on = bool(given)
        return cls(on, on, on, on, on, on, on)


@dataclass
class Captured:
    """What was found: labels, parameters, and the external id that a batch system gives."""

    labels: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    external_id: Optional[str] = None


def capture(wanted: Capture, environ: Optional[Mapping[str, str]] = None) -> Captured:
    """All that can be had at once, without asking a network or starting a program."""
    environ = os.environ if environ is None else environ
    found = Captured()
    if wanted.host:
        found.labels["host"] = socket.gethostname()
    if wanted.user and (user := environ.get("LOGNAME") or environ.get("USER") or environ.get("USERNAME")):
        found.labels["user"] = user
    if wanted.python:
        found.labels["python"] = platform.python_version()
    if wanted.batch:
        labels, found.external_id = batch(environ)
        found.labels.update(labels)
    if wanted.directory is not False and (directory := _directory(wanted)):
        found.parameters["directory"] = directory
    if wanted.command is not False:
        arguments = own_arguments() if wanted.command is True else parted(wanted.command)
        found.parameters["command"] = " ".join(map(shlex.quote, masked(arguments)))
    found.labels = {name: values.label(text, name, _quietly) for name, text in found.labels.items()}
    return found


def capture_slowly(wanted: Capture) -> dict[str, str]:
    """Labels that may take seconds: from git, and the user's name where only a directory service knows it."""
    labels = git(_directory(wanted)) if wanted.git else {}
    if wanted.user and not any(map(os.environ.get, ("LOGNAME", "USER", "USERNAME"))):
        try:
            import pwd  # noqa: PLC0415 -- Unix alone has it

            labels["user"] = pwd.getpwuid(os.getuid()).pw_name
        except (ImportError, KeyError, AttributeError):
            pass
    return {name: values.label(text, name, _quietly) for name, text in labels.items()}


def _quietly(sentence: str) -> None:
    """Captured values are cut without a warning."""


def _directory(wanted: Capture) -> Optional[str]:
    if isinstance(wanted.directory, str):
        return os.path.abspath(wanted.directory)  # noqa: PTH100 -- Path would resolve nothing more
    try:
        return os.getcwd()  # noqa: PTH109 -- as bytes of any file system
    except OSError:
        return None  # it was deleted
