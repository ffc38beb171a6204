"""Checks beside Schemathesis' own, which hold its exceptions to what is meant by them."""

from http import HTTPStatus
from typing import Any

import schemathesis
from schemathesis.specs.openapi.checks import use_after_free

from domain.entity_spec import spec_of
from domain.references import referred_kind
from domain.registry import ENTITIES

Case = schemathesis.Case[Any]
BEYOND_THE_DOCUMENT = {
    "invalid_cursor",  # signed
    "precondition_failed",  # another version
    *(rule.violation.code for entity in ENTITIES for rule in spec_of(entity).rules),  # of what is stored, perhaps
    *(f"unknown_{referred_kind(entity, field.name)}" for entity in ENTITIES for field in spec_of(entity).references),
    "immutable",  # depends on what is stored
    "repeated",  # words that are equal once they are trimmed
    "invisible",  # no pattern knows which characters show nothing
    "in_the_past",  # depends on the day
    "outlives_maker",  # depends on the key that asks
    "outlives_predecessor",  # depends on the key that is rolled
    "not_restorable",  # depends on what the version holds
    "reused",  # depends on what came before
}

SPECS = [spec_of(entity) for entity in ENTITIES]
OF_WHAT_IS_STORED = {
    *(field.taken for spec in SPECS for field in spec.fields.values() if field.kind.unique),
    *(conflict.code for spec in SPECS for conflict in spec.conflicts),
}
"""Codes of the conflicts that creating and changing an entity may run into."""

RUN_MAX = 3600
"""Seconds, longer than any run."""


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
    if case.operation.path.endswith("/roll") and isinstance(case.body, dict):
        overlap = case.body.get("overlap_seconds")
        if (
            type(overlap) is int and 0 <= overlap < RUN_MAX
        ):  # the key in use may be rolled too, and is needed to the end
            case.body["overlap_seconds"] = RUN_MAX


@schemathesis.check
def gone_when_deleted(ctx: schemathesis.CheckContext, response: schemathesis.Response, case: Case) -> None:
    """Schemathesis' own ``use_after_free``, but for what stays by contract.

    DELETE revokes keys, which stay readable, as a deleted object's revisions do, by which it is brought back.
    """
    path = case.operation.path
    if "/keys/" not in path and not path.endswith(("/revisions", "/restore")):
        use_after_free(ctx, response, case)


@schemathesis.check
def refused_for_what_the_document_cannot_say(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: Case
) -> None:
    """What fits the document may still be refused, but only for what its language cannot say."""
    meta = case.meta
    written = case.method in {"PUT", "PATCH", "POST"} and not case.operation.path.endswith(("/restore", "/roll"))
    if written and response.status_code == HTTPStatus.CONFLICT:
        code = response.json()["code"]
        assert code in OF_WHAT_IS_STORED, f"refused for {code}"
    if meta is None or not meta.generation.mode.is_positive or response.status_code not in {400, 412, 422}:
        return
    problem = response.json()
    codes = {error["code"] for error in problem.get("errors", [problem])}
    assert codes <= BEYOND_THE_DOCUMENT, f"refused for {', '.join(sorted(codes))}"
