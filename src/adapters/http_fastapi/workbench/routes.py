"""Serves the page at ``/`` and its files, and exchanges the code of a sign-in link for a key."""

import hashlib
from collections.abc import Mapping
from functools import cache
from mimetypes import guess_type
from pathlib import Path
from typing import Annotated, Protocol

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, Response

from adapters.http_fastapi.kit.problems import ProblemException
from adapters.http_fastapi.kit.responses import json_response
from adapters.http_fastapi.kit.routes.route import CompiledRoute
from adapters.http_fastapi.workbench.bundle import bundled

FILES = Path(__file__).with_name("files")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types"
)
"""No inline script or style, nothing from another host, and no text becomes markup."""
FIRST = ("early.js", "views/simulations.js", "main.js")
"""The modules of what is seen first."""
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
    files, version = _files()
    base = f"/workbench/{version}"
    page = files["index.html"].replace(b"{base}", base.encode())

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

    @routes.get(f"{base}/{{name:path}}")
    async def file(name: str) -> Response:
        """Returns a file, which browsers keep: its address changes with its content."""
        if name not in files:
            raise ProblemException("not_found")
        return Response(files[name], media_type=guess_type(name)[0], headers=_KEPT)

    return routes


@cache
def _files() -> tuple[Mapping[str, bytes], str]:
    """The files by name, and a text that changes with their content."""
    paths = sorted((path.relative_to(FILES).as_posix(), path) for path in FILES.rglob("*") if path.is_file())
    files = {name: path.read_bytes() for name, path in paths}
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(name.encode() + b"\0" + content)
    return bundled(files, FIRST), digest.hexdigest()[:16]
