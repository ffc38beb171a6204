"""Timeouts of a connection, and the number of connections, bounded by the system's limit of open files."""

import logging
import resource
from dataclasses import dataclass, replace

FILES_RESERVED = 64
"""File descriptors reserved for the listener, the log, static files and the like."""
_log = logging.getLogger("goatfish.server")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The timeouts of a connection in seconds, and the maximum number of connections of one worker."""

    head_timeout: float
    """From the first byte of a request, or from connecting, to the end of its headers."""
    body_timeout: float
    """From the end of the headers to the end of the body."""
    write_timeout: float
    """In which a client must read 64 KiB of a response, or the rest of it."""
    keep_alive: float
    """For which an idle connection stays open between two requests."""
    connections_max: int


def within_open_files(limits: Limits, others: int) -> Limits:
    """Raises the system's limit of open files as needed; where that fails, lowers ``connections_max`` and logs it.

    ``others`` is how many other files the process opens. Without a free descriptor, clients could not connect and would
    get no response.
    """
    wanted = limits.connections_max + others + FILES_RESERVED
    allowed = allow_open_files(wanted)
    if allowed >= wanted:
        return limits
    fits = max(allowed - others - FILES_RESERVED, allowed // 4)
    _log.warning(
        "The limit of open files is %d, so at most %d connections are served instead of %d. Raise ulimit -n.",
        allowed,
        fits,
        limits.connections_max,
    )
    return replace(limits, connections_max=fits)


def allow_open_files(wanted: int) -> int:
    """Raises the system's limit of open files as needed, as far as it may; returns how many of them may be open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else min(soft, wanted)
