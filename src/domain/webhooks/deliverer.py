"""Finds webhooks that have something to send, and serves each of them in a task of its own."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from uuid import UUID
from weakref import WeakValueDictionary

from domain.errors import NotFound, Unavailable
from domain.repository import OwnerId
from domain.webhooks.delivery import Delivery, DeliveryCause
from domain.webhooks.figures import DeliveryFigures
from domain.webhooks.places import Places, in_turn
from domain.webhooks.ports import Waiting
from domain.webhooks.turn import LEASE, Delivering, Turn
from domain.webhooks.webhook import Webhook

POLL = 1.0
"""Seconds between two looks at what there is to send."""
ASK_AFTER = 15.0
"""Seconds after which it is asked again how all webhooks stand."""
BETWEEN_POLLS = 0.1
"""Seconds after which those that got no place try again."""
AT_ONCE = 500
"""Webhooks that one process serves at a time."""
FILES = 16_384
"""Connections that may be open to endpoints: to those that are served, and for some seconds to those that were."""
STATEMENTS = 4
"""Statements of one owner at a time: others wait here, where no pool of connections refuses them as overload."""
SLOW_MS = 1000
"""A webhook is slow if its last delivery took longer, or failed."""
STOP_AFTER = 2.0
"""Seconds in which leases are given back when the process stops; those that are not end by themselves."""
_log = logging.getLogger("goatfish.webhooks")


class Deliverer:
    """Sends what changes to all webhooks, until it is cancelled.

    Several processes may do so: a webhook is served by whoever has leased its cursor. A process that is killed leaves
    its leases behind, which end after ``LEASE``; what it had sent and not yet recorded is then sent again.
    """

    def __init__(self, means: Delivering, figures: DeliveryFigures, *, reseals: bool = False) -> None:
        """``reseals`` says whether there is a previous secret key, in whose place the present one has to encrypt."""
        self._means, self._figures, self._must_reseal = means, figures, reseals
        self._holder = means.new_id()
        self._places = Places(AT_ONCE)
        self._databases: WeakValueDictionary[OwnerId, asyncio.Semaphore] = WeakValueDictionary()
        self._found: list[Waiting] = []
        self._tasks: dict[UUID, asyncio.Task[UUID | None]] = {}
        self._is_out_of_order = False
        self._asks_at = means.monotonic()

    async def run(self) -> None:
        """Looks for what there is to send, again and again."""
        async with self._sending():
            while True:
                await self.poll()
                for _ in range(round(POLL / BETWEEN_POLLS)):
                    await asyncio.sleep(BETWEEN_POLLS)
                    self._begin()

    async def run_once(self) -> None:
        """Serves each webhook that is due, until it has nothing to send or an attempt fails. Raises ``Unavailable``.

        What becomes due after a webhook has been served is left for another time, so this ends.
        """
        served: set[UUID] = set()
        async with self._sending():
            while self._tasks or self._found or await self._look(served):
                self._begin()
                done, _ = await asyncio.wait(self._tasks.values(), return_when=asyncio.FIRST_COMPLETED)
                served |= {id for id in (task.result() for task in done) if id is not None}

    @asynccontextmanager
    async def _sending(self) -> AsyncIterator[None]:
        await self._means.sender.open()
        try:
            yield
        finally:
            await self._stop()
            await self._means.sender.close()

    async def poll(self) -> None:
        """Looks once, and begins to serve what has something to send. An outage is logged once."""
        try:
            await self._look()
            self._begin()
            await self._ask()
            self._is_out_of_order = False
        except Unavailable as error:
            if not self._is_out_of_order:
                _log.warning("Webhooks wait for the database: %s", error)
            self._is_out_of_order = True
        except Exception:
            _log.exception("Due webhooks could not be looked up")

    async def _ask(self) -> None:
        """Asks now and then how all webhooks stand."""
        if self._means.monotonic() >= self._asks_at:
            self._figures.standing = await self._means.deliveries.standing()
            self._asks_at = self._means.monotonic() + ASK_AFTER

    async def _look(self, but: Collection[UUID] = ()) -> bool:
        """Looks which webhooks are waiting, ``but`` these; returns whether any are. Raises ``Unavailable``."""
        if self._must_reseal:
            _log.info("Re-encrypted the secrets of %d webhooks with the present secret key", await self.reseal())
            self._must_reseal = False
        found = await self._means.deliveries.waiting(self._means.now())
        self._found = in_turn(each for each in found if each.id not in but)
        self._figures.waiting([*self._tasks, *(each.id for each in self._found)], self._means.now())
        return bool(self._found)

    def _begin(self) -> None:
        """Begins to serve those of the found webhooks that get a place; the others are left for later."""
        left = []
        for each in self._found:
            if each.id in self._tasks:
                continue
            if self._places.take(each.owner_id, each.id):
                self._tasks[each.id] = asyncio.create_task(self._serve(each.owner_id, each.id))
            else:
                left.append(each)
        self._found = left

    async def settled(self) -> None:
        """Waits until nothing is being served."""
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    async def reseal(self) -> int:
        """Encrypts with the present secret key what the previous one had encrypted; returns how many webhooks."""
        changed = 0
        for owner, id in await self._means.deliveries.all():
            repository = self._means.repository.of(owner)
            with suppress(NotFound):  # deleted meanwhile
                version = (await repository.get(id)).version
                changed += (await repository.change(id, self._resealed, self._means.context())).version > version
        return changed

    def _resealed(self, stored: Webhook) -> Webhook:
        return stored.resealed(self._means.secrets)

    async def _serve(self, owner: OwnerId, id: UUID) -> UUID | None:
        """Returns the id of the webhook unless it needs another turn at once."""
        means, database = self._means, self._databases.setdefault(owner, asyncio.Semaphore(STATEMENTS))
        try:
            async with database:
                now = means.now()
                cursor = await means.deliveries.of(owner).claim(id, self._holder, now, now + LEASE)
                if cursor is None:
                    return id
                # Read after the claim: whoever changes it from now on ends the lease.
                webhook = await means.repository.of(owner).get(id)
            turn = Turn(
                means=means,
                webhook=webhook,
                cursor=cursor,
                holder=self._holder,
                database=database,
                note=self._note,
            )
            if await turn.take():
                return None
        except Unavailable as error:
            _log.warning("Webhook %s is served later: %s", id, error)
        except NotFound:
            pass  # deleted meanwhile
        except Exception:
            _log.exception("Webhook %s could not be served", id)
        finally:
            del self._tasks[id]
            self._places.leave(id)
            self._figures.served(id)
        return id

    def _note(self, delivery: Delivery, changed_at: datetime) -> None:
        is_slow = not delivery.delivered or delivery.duration_ms > SLOW_MS
        self._places.note(delivery.webhook_id, is_slow=is_slow)
        self._figures.count(delivery)
        if delivery.cause is DeliveryCause.CHANGE and delivery.attempt == 1:
            self._figures.sending(delivery.webhook_id, changed_at)

    async def _stop(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=STOP_AFTER)
