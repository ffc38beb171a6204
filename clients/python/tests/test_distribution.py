"""What is installed: a wheel with nothing of the service in it, for Python 3.9 and either HTTP library."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest
from clients.python.tests.conftest import Service

import goatfish

PROJECT = Path(__file__).parents[1]
SOURCES = sorted((PROJECT / "src").rglob("*.py"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=PROJECT, check=True, capture_output=True, timeout=60)
    (path,) = folder.iterdir()
    assert path.name == f"goatfish_client-{goatfish.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_the_wheel_holds_the_library_alone(wheel: zipfile.ZipFile) -> None:
    metadata = f"goatfish_client-{goatfish.__version__}.dist-info"
    names = {Path(name) for name in wheel.namelist()}
    assert {name.parts[0] for name in names} == {"goatfish", metadata}
    modules = {path.relative_to(PROJECT / "src") for path in SOURCES}
    assert {name for name in names if name.parts[0] == "goatfish"} == modules | {Path("goatfish/py.typed")}
    assert Path(metadata, "licenses", "LICENSE") in names


def test_the_metadata_say_what_it_needs(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
    metadata = message_from_bytes(wheel.read(name))
    assert metadata["Requires-Python"] == ">=3.9"
    needed = {each.split(">")[0].split("<")[0] for each in metadata.get_all("Requires-Dist", [])}
    assert needed == {"httpx2", "httpx", "tomli"}
    assert "goatfish" in str(metadata.get_payload())
    (points,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    assert wheel.read(points).decode().split() == ["[console_scripts]", "gf", "=", "goatfish.commands:main"]


NEWER_BUILTINS = {"aiter", "anext", "ExceptionGroup", "BaseExceptionGroup", "EncodingWarning"}
NEWER = {
    *("itertools.pairwise", "itertools.batched", "asyncio.TaskGroup", "asyncio.timeout", "asyncio.Runner"),
    *("enum.StrEnum", "contextlib.aclosing", "contextlib.chdir", "datetime.UTC", "types.NoneType", "types.UnionType"),
    *(f"typing.{name}" for name in ("TypeAlias", "ParamSpec", "Concatenate", "TypeGuard", "Self", "Never")),
    *(f"typing.{name}" for name in ("Required", "NotRequired", "Unpack", "LiteralString", "assert_never", "override")),
}
"""What came into the standard library after 3.9."""
NEWER_ARGUMENTS = {"dataclass": {"slots", "kw_only", "weakref_slot"}, "field": {"kw_only"}, "zip": {"strict"}}


def newer(node: ast.AST) -> bool:
    """Whether 3.9 does not know what this names."""
    if isinstance(node, ast.Name):
        return node.id in NEWER_BUILTINS
    if isinstance(node, ast.ImportFrom):
        return not NEWER.isdisjoint(f"{node.module}.{each.name}" for each in node.names)
    if isinstance(node, ast.Attribute):
        return ast.unparse(node) in NEWER
    if isinstance(node, ast.Call):
        called = getattr(node.func, "id", getattr(node.func, "attr", ""))
        unions = [each for each in node.args if isinstance(each, ast.BinOp) and isinstance(each.op, ast.BitOr)]
        if called in {"isinstance", "issubclass", "cast", "TypeVar"} and unions:
            return True
        return not NEWER_ARGUMENTS.get(called, set()).isdisjoint(each.arg for each in node.keywords)
    return False


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT / "src")))
def test_each_module_is_for_python_3_9(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    docstring, *rest = tree.body
    assert isinstance(docstring, ast.Expr)
    assert not rest or ast.unparse(rest[0]) == "from __future__ import annotations"
    assert [getattr(node, "lineno", 0) for node in ast.walk(tree) if newer(node)] == []


def run(program: str, **variables: str) -> str:
    """What a Python of its own prints, with the client on its path."""
    env = {**os.environ, "PYTHONPATH": str(PROJECT / "src"), **variables}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_it_is_quick() -> None:
    """What takes long to import is imported by whoever needs it."""
    slow = ("asyncio", "email.utils", "httpx", "httpx2", "ssl", "tempfile", "tomllib")
    assert run(f"import sys, goatfish; print([name for name in {slow!r} if name in sys.modules])") == "[]"


PREDECESSOR = """
import asyncio, sys
sys.modules["httpx2"] = None
import goatfish

with goatfish.Client() as client:
    simulation = client.simulations.ensure(sys.argv[0] + "predecessor")
    run = client.runs.create(simulation, parameters={"alpha": (12, "deg")})
    assert run in list(client.runs.list(simulation_id=simulation, label=[], where="parameters.alpha>=12"))
    with client.simulations.export_runs(simulation) as export:
        assert export.read().endswith(b"\\r\\n")
    try:
        client.with_options(max_retries=0).runs.get("nothing")
    except goatfish.NotFound:
        pass
    away = goatfish.Client("http://127.0.0.1:1", "key", max_retries=0)
    try:
        away.me()
    except goatfish.ConnectionFailed as error:
        assert not error.maybe_done

async def main():
    async with goatfish.AsyncClient() as client:
        return (await client.runs.get(run)).id

assert asyncio.run(main()) == run.id
print(sys.modules["goatfish.http.library"].httpx.__name__)
"""


def test_it_works_on_the_predecessor_of_its_http_library(real: Service) -> None:
    assert run(PREDECESSOR, GOATFISH_URL=real.url, GOATFISH_KEY=real.key) == "httpx"


FORKED = """
import os, goatfish

with goatfish.Client() as client:
    mine = client.me()
    if os.fork() == 0:
        os._exit(0 if client.me().owner == mine.owner else 1)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
    assert client.me().owner == mine.owner
"""


def test_a_forked_process_has_connections_of_its_own(real: Service) -> None:
    assert run(FORKED, GOATFISH_URL=real.url, GOATFISH_KEY=real.key) == ""


LOOPS = """
import asyncio, goatfish

client = goatfish.AsyncClient()
owners = {asyncio.run(client.me()).owner for _ in range(3)}
assert len(owners) == 1
assert len(client._sender.connections._opened_in) == 1  # those of loops that are closed are let go
asyncio.run(client.aclose())
"""


def test_an_async_client_serves_one_event_loop_after_another(real: Service) -> None:
    assert run(LOOPS, GOATFISH_URL=real.url, GOATFISH_KEY=real.key) == ""
