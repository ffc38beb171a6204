"""Serves the page at ``/`` and its files, and exchanges the code of a sign-in link for a key."""

import hashlib
import re
from collections.abc import Collection
from mimetypes import guess_type
from pathlib import Path
from typing import Annotated, Protocol

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, Response

from adapters.http_fastapi.kit.problems import ProblemException
from adapters.http_fastapi.kit.responses import json_response
from adapters.http_fastapi.kit.route import CompiledRoute

FILES = Path(__file__).with_name("files")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types"
)
"""No inline script or style, nothing from another host, and no text becomes markup."""
FIRST = ("main.js", "views/simulations.js")
"""The modules of what is seen first."""
_IMPORT = re.compile(r'^import .* from "(.+)";$', re.MULTILINE)
_KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}


class SignInCodes(Protocol):
    """Codes of links that sign in, each valid once."""

    def redeem(self, code: str) -> str | None:
        """The API key that the code stands for; None where it was used, has expired or never was."""
        ...


class SignInCode(BaseModel):
    """The code of a sign-in link."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(min_length=1, max_length=200)


def workbench_routes(codes: SignInCodes) -> APIRouter:
    """The page, its files, and the exchange of codes; none of them is part of the API's document."""
    routes = APIRouter(route_class=CompiledRoute, include_in_schema=False)
    base = f"/workbench/{_version()}"
    page = _page(base)

    @routes.get("/")
    async def workbench() -> Response:
        """Returns the page, which shows nothing before somebody has signed in."""
        return HTMLResponse(page, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})

    @routes.post("/workbench/sign-in")
    async def sign_in(sent: Annotated[SignInCode, Body()]) -> Response:
        """Exchanges the code of a link for the API key that it stands for, once."""
        key = codes.redeem(sent.code)
        if key is None:
            raise ProblemException("not_found", "This sign-in link has been used, or has expired.")
        return json_response({"key": key}, 200, (b"cache-control", b"no-store"))

    files = {name: ((FILES / name).read_bytes(), guess_type(name)[0]) for name in _names("*")}

    @routes.get(f"{base}/{{name:path}}")
    async def file(name: str) -> Response:
        """Returns a file, which browsers keep: its address changes with its content."""
        if name not in files:
            raise ProblemException("not_found")
        content, media_type = files[name]
        return Response(content, media_type=media_type, headers=_KEPT)

    return routes


def _version() -> str:
    """Changes with the content of the files."""
    digest = hashlib.sha256()
    for path in _names("*"):
        digest.update(path.encode() + b"\0" + (FILES / path).read_bytes())
    return digest.hexdigest()[:16]


def _page(base: str) -> bytes:
    """The page with the address of its files; it names the modules of the first view, to be loaded all at once."""
    modules = "\n".join(f'<link rel="modulepreload" href="{base}/{name}">' for name in sorted(_imported(FIRST)))
    text = (FILES / "index.html").read_text(encoding="utf-8")
    return text.replace("<!-- modules -->", modules).replace("{base}", base).encode()


def _imported(names: Collection[str]) -> set[str]:
    """These modules and those that they import."""
    found, waiting = set[str](), [*names]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            path = FILES / name
            paths = _IMPORT.findall(path.read_text(encoding="utf-8"))
            waiting += [(path.parent / each).resolve().relative_to(FILES.resolve()).as_posix() for each in paths]
    return found


def _names(pattern: str) -> list[str]:
    return sorted(path.relative_to(FILES).as_posix() for path in FILES.rglob(pattern) if path.is_file())
