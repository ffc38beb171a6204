"""How long a connection may take, and how many of them one worker has, within what the system allows."""

import logging
import resource
from dataclasses import dataclass, replace

FILES_RESERVED = 64
"""File descriptors that are kept for the listener, the log, static files and the like."""
_log = logging.getLogger("goatfish.server")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The deadlines of a connection in seconds, and how many connections one worker has at most."""

    head_timeout: float
    """From the first byte of a request, or from connecting, to the end of its headers."""
    body_timeout: float
    """From the end of the headers to the end of the body."""
    write_timeout: float
    """For which a client may leave an answer unread: it has to take 64 KiB or the rest in this time."""
    keep_alive: float
    """For which a connection stays open between two requests."""
    connections_max: int


def within_open_files(limits: Limits, others: int) -> Limits:
    """The limits with no more connections than there are file descriptors for, after asking the system for more.

    ``others`` is how many the process needs besides. Without descriptors clients would be left without an answer, so
    a lower bound is said in the log.
    """
    wanted = limits.connections_max + others + FILES_RESERVED
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        soft = allowed
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return limits
    fits = max(soft - others - FILES_RESERVED, soft // 4)
    _log.warning(
        "The system lets this process open %d files, so it serves %d connections at most, not %d: raise ulimit -n.",
        soft,
        fits,
        limits.connections_max,
    )
    return replace(limits, connections_max=fits)
