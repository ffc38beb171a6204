"""Delivers webhooks in a process of its own, until a signal stops it."""

import asyncio
import logging
import signal
from contextlib import nullcontext, suppress

import uvloop

from app.cli.database import require_storage, say_which_database
from app.cli.metrics_port import shared_metrics
from app.cli.terminal import fail, print_message
from app.container import Container
from app.http_server.limits import FILES_RESERVED, allow_open_files
from app.metrics_mount import measuring
from config.loading import load
from domain.errors import Unavailable
from domain.webhooks.deliverer import FILES, Deliverer

_log = logging.getLogger("goatfish.webhooks")


def deliver(*, once: bool) -> None:
    say_which_database()
    require_storage()
    inform = _log.info if load().log_format == "json" else print_message
    inform("Goatfish delivers webhooks." if not once else "Goatfish delivers what webhooks are waiting for.")
    with nullcontext() if once else shared_metrics(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(_deliver(once=once))
        except Unavailable as error:
            fail(str(error))


async def _deliver(*, once: bool) -> None:
    """Raises ``Unavailable`` for a database that cannot be used, where it is not waited for: ``once``."""
    container = Container(settings=load())
    allow_open_files(FILES + container.settings().pool_size + FILES_RESERVED)
    storage = container.storage()
    await storage.open()
    try:
        if once:
            await storage.check()
        deliverer = container.deliverer()
        running = asyncio.create_task(deliverer.run_once() if once else _measured(container, deliverer))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        with suppress(asyncio.CancelledError):
            await running
    finally:
        await storage.close()


async def _measured(container: Container, deliverer: Deliverer) -> None:
    async with measuring(container) if container.settings().metrics else nullcontext():
        await deliverer.run()
