"""The routes that need no key: probes, the meaning of problems, the interactive page."""

import base64
import hashlib
import re
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from fastapi.openapi.docs import get_swagger_ui_html
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from adapters.http_fastapi.kit.layers.middleware import DRAINING
from adapters.http_fastapi.kit.openapi import refusals
from adapters.http_fastapi.kit.problem_types import CATALOGUE
from adapters.http_fastapi.kit.problems import ProblemException
from adapters.http_fastapi.kit.readiness import HealthCheck
from adapters.http_fastapi.kit.responses import json_response
from adapters.http_fastapi.kit.routes.route import CompiledRoute, router


class Probe(BaseModel):
    """The answer to a probe."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["ok"] = Field(description="always the same", examples=["ok"])


class ProblemMeaning(BaseModel):
    """A problem type and its meaning."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="path of this page", examples=["/problems/not-found"])
    code: str = Field(description="stable, for programs", examples=["not_found"])
    status: int = Field(description="the status of answers with this problem", examples=[404])
    title: str = Field(description="the problem in a few words", examples=["Not found"])
    meaning: str = Field(description="what it means, and what to do", examples=["There is nothing at this path."])


def system_routes(readiness: HealthCheck) -> APIRouter:
    """The routes that need no key."""
    routes = router("system", "", CompiledRoute)

    @routes.get("/livez", summary="Liveness", response_model=Probe, responses=refusals(key=False))
    async def livez() -> Response:
        """Returns 200 while the process is alive."""
        return json_response({"status": "ok"})

    @routes.get("/readyz", summary="Readiness", response_model=Probe, responses=refusals("unavailable", key=False))
    async def readyz(request: Request) -> Response:
        """Returns 200 if the database can be reached and every migration is applied, and 503 otherwise.

        It is 503 also once the service has been told to stop.
        """
        if hasattr(request.state, DRAINING):
            stopping = "The service is stopping."
            raise ProblemException("unavailable", stopping, headers={"Retry-After": "1"}, reason="shutdown")
        await readiness.check()
        return json_response({"status": "ok"})

    @routes.get(
        "/problems/{name}",
        summary="Explain a problem",
        response_model=ProblemMeaning,
        responses=refusals("not_found", key=False),
    )
    async def get_problem(name: Annotated[str, Path(description="the last part of a problem's `type`")]) -> Response:
        """Explains a problem type in a sentence or two."""
        kind = CATALOGUE.get(name.replace("-", "_"))
        if kind is None or kind.name != name:
            raise ProblemException("not_found")
        return json_response(
            {
                "type": f"/problems/{kind.name}",
                "code": kind.code,
                "status": kind.status,
                "title": kind.title,
                "meaning": kind.meaning,
            }
        )

    page, policy = _interactive_page()

    @routes.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        """Returns the interactive page, which loads nothing from another host."""
        return HTMLResponse(page, headers=policy)

    routes.mount("/docs/assets", StaticFiles(packages=[("fastapi_offline", "static")]))
    return routes


def _interactive_page() -> tuple[bytes, dict[str, str]]:
    """The page and its content security policy: it runs its own scripts alone, and calls this service alone."""
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Goatfish API",
        swagger_js_url="/docs/assets/swagger-ui-bundle.js",
        swagger_css_url="/docs/assets/swagger-ui.css",
        swagger_favicon_url="/docs/assets/favicon.png",
    )
    body = bytes(page.body)
    inline = re.findall(rb"<script>(.*?)</script>", body, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script).digest()).decode() for script in inline]
    scripts = " ".join(["'self'", *(f"'sha256-{digest}'" for digest in digests)])
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return body, {"Content-Security-Policy": policy}
