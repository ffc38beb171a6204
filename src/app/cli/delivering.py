"""Delivers webhooks in a process of its own, until a signal stops it."""

import asyncio
import signal
from contextlib import suppress

import uvloop

from app.cli.database import require_storage, say_which_database
from app.cli.terminal import print_message
from app.container import Container
from config.settings import load


def deliver(*, once: bool) -> None:
    say_which_database()
    require_storage()
    print_message("Goatfish delivers webhooks." if not once else "Goatfish delivers what webhooks are waiting for.")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_deliver(once=once))


async def _deliver(*, once: bool) -> None:
    container = Container(settings=load())
    storage = container.storage()
    await storage.open()
    try:
        running = asyncio.create_task(container.deliverer().run(once=once))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        with suppress(asyncio.CancelledError):
            await running
    finally:
        await storage.close()
