"""Everything that one run needs: the database with the rows, the owners' keys, and all contestants started."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import database, goatfish
from benchmarks.contestants import Contestant, Keys, Place, Running, free_port, write_keys
from benchmarks.database import Database
from benchmarks.machine import cores, pin
from benchmarks.operations import CLIENTS

ROWS, OWNERS = 200_000, 1_000
LARGE = 12_000  # simulations of the one large owner; all others share the rest


@dataclass(frozen=True, slots=True)
class Ground:
    """The database, filled, and the keys of those who will call."""

    goatfish: Database
    template: Database
    postmaster: int
    keys: dict[str, str]
    """The texts of keys and their owners' ids: the small owners' first, the large one's last."""
    directory: Path
    rows: int

    @property
    def clients(self) -> list[str]:
        return list(self.keys)[:-1]

    @property
    def large(self) -> str:
        return list(self.keys)[-1]

    def copy(self, name: str) -> Database:
        """A database of this name with the template's tables and rows."""
        return database.create(self.goatfish, name, template=self.template.name)


@contextmanager
def ground() -> Iterator[Ground]:
    """PostgreSQL with Goatfish's tables, filled by its own seed, and the same rows in a template for the peers."""
    with TemporaryDirectory(prefix="goatfish-bench-") as name, database.postgres() as server:
        directory = Path(name)
        goatfish.run(server, "migrate")
        small = goatfish.seed(server, OWNERS - 1, ROWS - LARGE)
        owners = [*small[:: (OWNERS - 1) // CLIENTS][:CLIENTS], *goatfish.seed(server, 1, LARGE)]
        with ThreadPoolExecutor(2) as pool:
            texts = list(pool.map(lambda owner: goatfish.create_key(server, owner), owners))
        keys = dict(zip(texts, owners, strict=True))
        write_keys(directory / "keys.json", keys)
        template = database.create(server, database.TEMPLATE)
        digests = {hashlib.sha256(text.encode()).hexdigest(): owner for text, owner in keys.items()}
        rows = database.copy_rows(server, template, digests)
        database.settle(server)
        postmaster = database.postmaster(server)
        pin(postmaster, cores()[1])
        yield Ground(server, template, postmaster, keys, directory, rows)


@contextmanager
def started(ground: Ground, entries: Sequence[tuple[Contestant, Keys]]) -> Iterator[list[Running]]:
    """All of these, each on rows of its own, pinned to the servers' core."""
    copies: dict[str, Database] = {}
    with ExitStack() as stack:
        running = []
        for contestant, keys in entries:
            rows, port = ground.goatfish, free_port()
            if contestant is not goatfish.GOATFISH:
                rows = copies.get(contestant.name) or ground.copy(f"bench_{port}")
                copies[contestant.name] = rows
            place = Place(port, rows, keys, ground.directory / "keys.json")
            one = Running(contestant, place, ground.directory)
            stack.callback(one.stop)
            running.append(one)
        for one in running:
            one.wait(cores()[0])
        yield running
