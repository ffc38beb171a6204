"""Additional Schemathesis checks, which replace its own where the API intentionally differs."""

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
    "precondition_failed",  # depends on the stored version
    *(rule.violation.code for entity in ENTITIES for rule in spec_of(entity).rules),  # may depend on what is stored
    *(f"unknown_{referred_kind(entity, field.name)}" for entity in ENTITIES for field in spec_of(entity).references),
    "filter_required",  # depends on another parameter
    "immutable",  # depends on what is stored
    "repeated",  # items that are equal after trimming
    "invisible",  # no pattern describes the invisible characters
    *("not_https", "address_refused"),  # depend on the settings
    "unknown_delivery",  # depends on what is stored
    "in_the_past",  # depends on the current time
    "outlives_maker",  # depends on the key of the request
    "outlives_predecessor",  # depends on the key that is rolled
    "not_restorable",  # depends on the content of the version
    "reused",  # depends on earlier requests
    "out_of_range",  # whole numbers of quantities beyond 2^53, from which JSON Schema cannot tell 1e300
}

SPECS = [spec_of(entity) for entity in ENTITIES]
STORED_STATE_CONFLICTS = {
    *(field.taken for spec in SPECS for field in spec.fields.values() if field.kind.unique),
    *(conflict.code for spec in SPECS for conflict in spec.conflicts),
    *("too_many_webhooks", "delivery_requested"),
}
"""Codes of conflicts with stored entities when one is created or changed."""

RUN_MAX = 3600
"""Longer than any run, in seconds."""


@schemathesis.hook
def before_call(ctx: schemathesis.HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Removes conditional headers without a value.

    The coverage phase generates headers only from letters and digits. No entity tag consists of these, so it falls
    back to the empty text.
    """
    if case.meta is not None and case.meta.generation.mode.is_positive:
        for name in ("If-Match", "If-None-Match"):
            if case.headers.get(name) == "":
                del case.headers[name]
    if case.operation.path.endswith("/roll") and isinstance(case.body, dict):
        overlap = case.body.get("overlap_seconds")
        if (
            type(overlap) is int and 0 <= overlap < RUN_MAX
        ):  # the key in use could be rolled, but must stay valid until the end
            case.body["overlap_seconds"] = RUN_MAX


@schemathesis.check
def deleted_objects_are_not_found(ctx: schemathesis.CheckContext, response: schemathesis.Response, case: Case) -> None:
    """Schemathesis' own ``use_after_free``, except for what stays readable by contract.

    Revoked keys stay readable, and so do the revisions of a deleted object, from which it can be restored.
    """
    path = case.operation.path
    if "/keys/" not in path and not path.endswith(("/revisions", "/restore")):
        use_after_free(ctx, response, case)


@schemathesis.check
def refusals_are_beyond_the_document(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: Case
) -> None:
    """A request that matches the document may be refused only for reasons that OpenAPI cannot express."""
    meta = case.meta
    written = case.method in {"PUT", "PATCH", "POST"} and not case.operation.path.endswith(("/restore", "/roll"))
    if written and response.status_code == HTTPStatus.CONFLICT:
        code = response.json()["code"]
        assert code in STORED_STATE_CONFLICTS, f"refused for {code}"
    if meta is None or not meta.generation.mode.is_positive or response.status_code not in {400, 412, 422}:
        return
    problem = response.json()
    codes = {error["code"] for error in problem.get("errors", [problem])}
    assert codes <= BEYOND_THE_DOCUMENT, f"refused for {', '.join(sorted(codes))}"
