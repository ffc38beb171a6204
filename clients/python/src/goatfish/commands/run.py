"""`gf run`: run a command, and record it as a run."""

from __future__ import annotations

import argparse
import glob
import logging
import os
import re
import signal
from typing import TYPE_CHECKING, Any

from goatfish.commands.exits import CommandFailed
from goatfish.commands.grammar import Subparsers, text
from goatfish.commands.output import say
from goatfish.commands.process import (
    Ended,
    held_signals,
    reserve_closed_streams,
    run_command,
    signal_name,
)
from goatfish.commands.result_files import ResultFiles
from goatfish.commands.session import open_client
from goatfish.commands.values import parse_pair, parse_value

if TYPE_CHECKING:
    from goatfish import Client
    from goatfish.recording import Recorder

DESCRIPTION = """Run a command and record it as a run: its parameters, times, exit code, results and artifacts.
The command's streams, signals and exit status pass through, and nothing that happens to the
recording changes what happens to the command: where the service is away, the run is kept in a
file, and gf sync sends it later."""
EPILOG = """values: 12 is a number, 12deg or "12 deg" a number with a unit, true and false are booleans, '"3d"' is
text in any case, and everything else is text as it stands"""
FACTS = ("host", "user", "directory", "command", "git", "batch")
NOT_EXECUTABLE, NOT_FOUND = 126, 127
REASON_LINES, LONGEST_REASON = 20, 2000
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_=>])")


def add(subparsers: Subparsers) -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "run",
        help="run a command and record it",
        description=DESCRIPTION,
        epilog=EPILOG,
        usage="gf run -s SIMULATION [options] -- COMMAND [argument ...]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    option = parser.add_argument
    option(
        "-s",
        "--simulation",
        type=text,
        required=True,
        help="the simulation's id, or its name: it is created if there is none",
    )
    option("-n", "--name", type=text, help="a name for the run")
    pairs: dict[str, Any] = {"type": pair, "action": "append", "default": [], "metavar": "KEY=VALUE"}
    option("-p", "--parameter", help="a parameter; may be repeated", **pairs)
    option("-l", "--label", help="a label; may be repeated", **pairs)
    option(
        "--result-file",
        action="append",
        default=[],
        metavar="FILE",
        help="a JSON object of results, which the command writes",
    )
    option("--artifact", action="append", default=[], metavar="GLOB", help="files to link at the end; ** is any folder")
    option("--solver", type=text, metavar="NAME", help="the solver")
    option("--solver-version", type=text, metavar="VERSION", help="its version")
    option("--external-id", type=text, metavar="ID", help="an id of your own (default: that of the batch job)")
    option("--parent", type=text, metavar="ID", help="the id of the run that this one continues")
    option(
        "--no-capture",
        type=left_out,
        default=(),
        metavar="WHAT",
        help="leave out, separated by commas: " + ", ".join(FACTS) + "; or all",
    )
    option(
        "--no-wait",
        action="store_true",
        help="at the end, wait at most 5 seconds instead of 10 until the service has the run",
    )
    option("-q", "--quiet", action="store_true", help="say nothing about the recording")
    option("program", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="the command with its arguments")
    parser.set_defaults(parser=parser)


def pair(argument: str) -> tuple[str, str]:
    """KEY=VALUE."""
    try:
        return parse_pair(text(argument))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def left_out(argument: str) -> tuple[str, ...]:
    """Names of what is captured, separated by commas."""
    names = FACTS if argument == "all" else tuple(each.strip() for each in argument.split(","))
    for name in names:
        if name not in FACTS:
            raise argparse.ArgumentTypeError(f"{name!r} is not captured; there are {', '.join(FACTS)}, or all")
    return names


def execute(arguments: argparse.Namespace) -> int:
    """Run the command; returns its own status, or 126 or 127 where it cannot be started."""
    program: list[str] = arguments.program[1:] if arguments.program[:1] == ["--"] else arguments.program
    if not program:
        arguments.parser.error("there is no command; write it after --")
    tell = (lambda _: None) if arguments.quiet else say
    reserve_closed_streams()
    with held_signals() as held:  # before the recording begins its thread
        client = _client(arguments, tell)
        logging.getLogger("goatfish").disabled = arguments.quiet
        recorder = _recorder(client, arguments, program)
        recorder.start(wait=False)
        files = ResultFiles(arguments.result_file)
        try:
            ended: Ended | OSError = run_command(program, held)
        except OSError as error:
            say(f"{program[0]}: {error.strerror}")
            ended = error
        finished_at = recorder.moment()
    try:
        try:
            results, complaints = files.read()
            for complaint in complaints:
                tell(complaint)
            recorder.results(results)
            _link(recorder, arguments.artifact, tell)
        finally:
            _end(recorder, ended, finished_at)
        tell(_where(recorder, client))
    except KeyboardInterrupt:
        recorder.leave()
        tell("did not wait for the service; gf sync sends what is left")
    if isinstance(ended, Ended) and ended.killed_by == signal.SIGINT:
        from goatfish.recording.signals import die_of

        die_of(signal.SIGINT)
    return exit_status(ended)


def _client(arguments: argparse.Namespace, tell: Any) -> Client | None:
    """The client, or None where the command has to be recorded without one."""
    from goatfish.errors import GoatfishError

    try:
        return open_client(arguments)
    except (GoatfishError, CommandFailed, OSError) as error:
        tell(f"{str(error).rstrip('.')}; gf sync sends the run once you are signed in")
        return None


def _recorder(client: Client | None, arguments: argparse.Namespace, program: list[str]) -> Recorder:
    from goatfish.recording import Capture, Recorder

    facts: dict[str, Any] = {"command": program, "python": False, **dict.fromkeys(arguments.no_capture, False)}
    return Recorder(
        client,
        arguments.simulation,
        name=arguments.name,
        parameters={key: parse_value(value) for key, value in arguments.parameter},
        labels=dict(arguments.label),
        solver=arguments.solver,
        solver_version=arguments.solver_version,
        external_id=arguments.external_id,
        parent=arguments.parent,
        capture=Capture(**facts),
        wait=not arguments.no_wait,
    )


def _link(recorder: Recorder, patterns: list[str], tell: Any) -> None:
    for pattern in patterns:
        found = [pattern] if os.path.lexists(pattern) else glob.glob(pattern, recursive=True)  # noqa: PTH207 -- Path.glob refuses absolute patterns
        paths = sorted(path for path in found if os.path.isfile(path))  # noqa: PTH113 -- Path.is_file may raise
        if not paths:
            tell(f"no file is called {pattern}")
        for path in paths:
            recorder.artifact(path)


def _end(recorder: Recorder, ended: Ended | OSError, finished_at: str) -> None:
    recorder.labels(exit_code=str(exit_status(ended)))
    if isinstance(ended, OSError):
        recorder.end("failed", f"cannot be started: {ended.strerror}", finished_at)
    else:
        recorder.end(*outcome(ended), finished_at)


def _where(recorder: Recorder, client: Client | None) -> str:
    if recorder.is_sent:
        return f"recorded as {recorder.id}"
    if recorder.path is None:
        return "not recorded: it could neither be sent nor kept in a file"
    if client is None or recorder.is_refused:
        return f"kept in {recorder.path}"
    return f"kept in {recorder.path}; gf sync sends it"


def exit_status(ended: Ended | OSError) -> int:
    """What a shell would say: the exit code, 128 + the signal's number, or 126 or 127."""
    if isinstance(ended, OSError):
        return NOT_FOUND if isinstance(ended, FileNotFoundError) else NOT_EXECUTABLE
    return ended.status


def outcome(ended: Ended) -> tuple[str, str | None]:
    """The run's status, and its reason unless the command succeeded."""
    asked: int | None = next(iter(ended.interrupts), None)
    if ended.killed_by in (signal.SIGINT, signal.SIGTERM):
        asked = asked or ended.killed_by
    if asked is not None:
        return "cancelled", f"interrupted by {signal_name(asked)}"
    if ended.status == 0:
        return "succeeded", None
    how = f"killed by {signal_name(ended.killed_by)}" if ended.killed_by else f"exit code {ended.exit_code}"
    said = last_lines(ended.errors)
    return "failed", f"{how}\n{said}"[:LONGEST_REASON].strip()


def last_lines(errors: bytes) -> str:
    """The last lines of an error output as a terminal would leave them, without escapes and overwritten progress."""
    text = _ESCAPES.sub("", errors.decode("utf-8", "replace"))
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        shown = line.rstrip("\r").rpartition("\r")[2]
        shown = "".join(each for each in shown if each == "\t" or each.isprintable()).rstrip()
        if shown:
            lines.append(shown)
    kept = "\n".join(lines[-REASON_LINES:])
    room = LONGEST_REASON - 40
    return kept if len(kept) <= room else "…" + kept[1 - room :]
