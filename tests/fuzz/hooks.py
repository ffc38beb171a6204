"""Checks beside Schemathesis' own, which hold its exceptions to what is meant by them."""

from typing import Any

import schemathesis
from schemathesis.specs.openapi.checks import use_after_free

Case = schemathesis.Case[Any]
BEYOND_THE_DOCUMENT = {
    "invalid_cursor",  # signed
    "precondition_failed",  # another version
    "before_start",  # two dates, one of them stored perhaps
    "in_the_past",  # depends on the day
    "reused",  # depends on what came before
}


@schemathesis.hook
def before_call(ctx: schemathesis.HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Leaves out conditions without a value.

    The coverage phase makes headers of letters and digits alone. No entity tag is made of these, and it takes the
    empty text for one that fits the document.
    """
    if case.meta is not None and case.meta.generation.mode.is_positive:
        for name in ("If-Match", "If-None-Match"):
            if case.headers.get(name) == "":
                del case.headers[name]


@schemathesis.check
def gone_when_deleted(ctx: schemathesis.CheckContext, response: schemathesis.Response, case: Case) -> None:
    """Schemathesis' own ``use_after_free`` but for keys, which DELETE revokes: they stay readable by contract."""
    if "/keys/" not in case.operation.path:
        use_after_free(ctx, response, case)


@schemathesis.check
def refused_for_what_the_document_cannot_say(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: Case
) -> None:
    """What fits the document may still be refused, but only for what its language cannot say."""
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or response.status_code not in {400, 412, 422}:
        return
    problem = response.json()
    codes = {error["code"] for error in problem.get("errors", [problem])}
    assert codes <= BEYOND_THE_DOCUMENT, f"refused for {', '.join(sorted(codes))}"
