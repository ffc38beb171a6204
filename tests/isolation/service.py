"""The service in a process of its own, and operators who let owners in."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Thread
from types import TracebackType
from typing import Any, Self

from uuid_utils.compat import uuid7

from adapters.django_orm import bootstrap
from domain.access.scopes import Scope
from domain.access.use_cases import ApiKeys, Owners
from domain.write_context import WriteContext
from tests.isolation.model import Key, Owner, marker
from tests.warm_start import python

_LISTENS = re.compile(r"listens on (http://\S+)")
WITHOUT_CONDITION = "tests.isolation.without_condition"


@contextmanager
def served(url: str, operator_url: str, *options: str, program: str = "", **variables: str) -> Iterator[str]:
    """Where ``goatfish serve``, or a program that differs from it, listens: on this database, without limits."""
    serve = ["serve", "--port", "0", *options]
    command = python("-m", program or "app.cli", *serve)
    env = os.environ | {
        "GOATFISH_DATABASE_URL": url,
        "GOATFISH_OPERATOR_DATABASE_URL": operator_url,
        "GOATFISH_RATE_LIMIT": "0",
        "GOATFISH_FAILURE_LIMIT": "0",
        "GOATFISH_SECRET_KEY": "a secret key that serves the tests alone",
        **variables,
    }
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        passed_on = Thread(target=shutil.copyfileobj, args=(process.stderr, sys.stderr))
        try:
            said = ""
            while (address := _LISTENS.search(said)) is None:
                said = process.stderr.readline()
                assert said, "the service did not start"
                sys.stderr.write(said)
            passed_on.start()
            yield address[1]
        finally:
            process.terminate()
            process.wait()
            if passed_on.ident is not None:
                passed_on.join()


class Operators:
    """Let owners in, with keys that differ in what they may do."""

    SCOPES = (tuple(Scope), *((scope,) for scope in Scope))

    def __init__(self, url: str) -> None:
        self._loop = asyncio.Runner()
        self._storage = bootstrap.asyncpg_storage(url, size=1, acquire_timeout=5, statement_timeout=10, list_timeout=2)

    def __enter__(self) -> Self:
        self._loop.run(self._storage.open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run(self._storage.close())
        self._loop.close()

    def admit(self) -> Owner:
        """A new owner, as the first answers will show it."""
        return self._loop.run(self._admit())

    async def _admit(self) -> Owner:
        cause = WriteContext(actor="operator:tests", request_id="tests", at=datetime.now(UTC))
        owners = Owners(directory=self._storage.owners, new_id=uuid7)
        made = marker()
        owner = await owners.create(f"owner {made}", cause)
        admitted = Owner(id=str(owner.id), name=owner.name, marker=made, log=[None])
        for number, scopes in enumerate(self.SCOPES):
            admitted.holds(await self._key(owner.id, f"{made} {number}", scopes, cause))
            admitted.log.append(None)
        return admitted

    async def _key(self, owner: Any, name: str, scopes: Iterable[Scope], cause: WriteContext) -> Key:
        keys = ApiKeys(repository=self._storage.keys, new_id=uuid7, random_bytes=os.urandom)
        key, text = await keys.create(owner, cause, name=name, scopes=frozenset(scopes))
        shown = {
            "id": str(key.id),
            "name": name,
            "prefix": key.prefix,
            "scopes": sorted(key.scopes),
            "created_at": key.created_at.isoformat().replace("+00:00", "Z"),
            "created_by": "operator",
            "expires_at": None,
            "revoked_at": None,
        }
        return Key(shown, text.reveal())
