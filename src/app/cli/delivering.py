"""Delivers webhooks in a process of its own, until a signal stops it."""

import asyncio
import signal
from contextlib import suppress

import uvloop

from app.cli.database import require_storage, say_which_database
from app.cli.terminal import fail, print_message
from app.container import Container
from config.settings import load
from domain.errors import Unavailable


def deliver(*, once: bool) -> None:
    say_which_database()
    require_storage()
    print_message("Goatfish delivers webhooks." if not once else "Goatfish delivers what webhooks are waiting for.")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(_deliver(once=once))
        except Unavailable as error:
            fail(str(error))


async def _deliver(*, once: bool) -> None:
    """Raises ``Unavailable`` for a database that cannot be used, where it is not waited for: ``once``."""
    container = Container(settings=load())
    storage = container.storage()
    await storage.open()
    try:
        if once:
            await storage.check()
        deliverer = container.deliverer()
        running = asyncio.create_task(deliverer.run_once() if once else deliverer.run())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        with suppress(asyncio.CancelledError):
            await running
    finally:
        await storage.close()
