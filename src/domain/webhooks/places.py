"""Shares out the places of webhooks that are served at a time: among owners, and between slow and fast ones."""

from collections import Counter
from collections.abc import Iterable
from operator import itemgetter
from uuid import UUID

from domain.access.bounded_cache import BoundedCache
from domain.repository import OwnerId
from domain.webhooks.ports import Waiting

SLOW_KNOWN_MAX = 100_000
"""Webhooks of which it is remembered that they are slow."""


class Places:
    """``size`` places, of which slow webhooks get at most half.

    An owner may take another place only while it holds fewer than are free, of its slow webhooks and of its fast ones
    each: so where n owners want all there are, each holds a share of 1/(n + 1), and as many remain free for others. The
    rule is the dynamic threshold that Choudhury and Hahne give for buffers (IEEE/ACM Transactions on Networking, 1998).
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: dict[UUID, tuple[OwnerId, bool]] = {}
        """By webhook: its owner, and whether it is slow."""
        self._numbers: Counter[tuple[OwnerId, bool]] = Counter()
        self._slow_held = 0
        self._slow: BoundedCache[UUID, None] = BoundedCache(SLOW_KNOWN_MAX)

    def take(self, owner: OwnerId, id: UUID) -> bool:
        """Takes a place for this webhook; false where it may not have one now."""
        is_slow = id in self._slow
        free = self._size - len(self._held)
        if is_slow:
            free = min(free, self._size // 2 - self._slow_held)
        if self._numbers[owner, is_slow] >= free:
            return False
        self._hold(owner, id, is_slow=is_slow)
        return True

    def leave(self, id: UUID) -> None:
        """Frees the place of this webhook."""
        share = self._held.pop(id)
        _, is_slow = share
        self._slow_held -= is_slow
        self._numbers[share] -= 1
        if not self._numbers[share]:
            del self._numbers[share]

    def note(self, id: UUID, *, is_slow: bool) -> None:
        """Remembers how the last delivery to a webhook went, whose place counts as one of its kind from now on."""
        if is_slow:
            self._slow[id] = None
        else:
            self._slow.pop(id, None)
        if id in self._held:
            owner, _ = self._held[id]
            self.leave(id)
            self._hold(owner, id, is_slow=is_slow)

    def _hold(self, owner: OwnerId, id: UUID, *, is_slow: bool) -> None:
        self._held[id] = owner, is_slow
        self._numbers[owner, is_slow] += 1
        self._slow_held += is_slow


def in_turn(found: Iterable[Waiting]) -> list[Waiting]:
    """The first of each owner, then the second of each, and so on."""
    before: Counter[OwnerId] = Counter()
    ranked = []
    for each in found:
        ranked.append((before[each.owner_id], each))
        before[each.owner_id] += 1
    return [each for _, each in sorted(ranked, key=itemgetter(0))]
