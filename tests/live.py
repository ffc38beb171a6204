"""The service as it is run, `goatfish serve` in a process of its own, for tests that need a real one."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Thread

GOATFISH = [sys.executable, "-m", "app.cli"]


@dataclass(frozen=True)
class Live:
    """Where it listens, and the key of a tenant that may do everything."""

    url: str
    key: str


@contextmanager
def live(url: str, operator_url: str) -> Iterator[Live]:
    """The service on an empty database of its own, without a rate limit; it is gone afterwards."""
    env = os.environ | {"GOATFISH_DATABASE_URL": url, "GOATFISH_OPERATOR_DATABASE_URL": operator_url}
    env |= {"GOATFISH_RATE_LIMIT": "0", "GOATFISH_SECRET_KEY": "a secret key that serves the tests alone"}
    run = partial(subprocess.run, env=env, capture_output=True, text=True, check=True, timeout=60)
    run([*GOATFISH, "migrate"])
    run([*GOATFISH, "owner", "create", "tests"])
    key = run([*GOATFISH, "key", "create", "tests"]).stdout.strip()
    with served(env) as address:
        yield Live(address, key)


@contextmanager
def served(env: Mapping[str, str]) -> Iterator[str]:
    """Where the service listens that is configured like this, on a database that is ready."""
    serve = [*GOATFISH, "serve", "--port", "0"]
    with subprocess.Popen(serve, env=env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        drain = Thread(target=shutil.copyfileobj, args=(process.stderr, sys.stderr))
        try:
            said = process.stderr.readline()
            address = re.search(r"listens on (http://\S+)", said)
            assert address, f"the service did not start: {said}"
            # What it logs later, a fault above all, belongs to whoever looks at the test.
            drain.start()
            yield address[1]
        finally:
            process.kill()
            process.wait()
            if drain.ident is not None:
                drain.join()
