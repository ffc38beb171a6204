"""The members of the client's models have the types that docs/openapi.json gives them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from clients.python.tests.test_document import MODELS, SCHEMAS, VALUES

import goatfish
from goatfish import models

pytestmark = pytest.mark.skipif(sys.version_info < (3, 10), reason="its annotations are read by newer Pythons")
NULL = "null"
FORMATS = {"date": date, "date-time": datetime}
PLAIN = {"boolean": bool, "integer": int, "number": float, "string": str}
ALTERNATIVES = {Union, type(Union[int, str]), type(int | str) if sys.version_info >= (3, 10) else Union}
WITH_MEMBERS = {name: kind for name, kind in MODELS.items() if kind not in {goatfish.Page, goatfish.ChangePage}}
WIDER = {("WebhookWithSecret", "kinds")}
"""Members that may have values which this version does not know."""
Kinds = frozenset[Any]


def documented(schema: Mapping[str, Any]) -> Kinds:
    """What a schema allows: types, values, and ("list", …) and ("map", …) of what is in them."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        name = {"ApiKeyView": "ApiKeyCreated", "Webhook": "WebhookWithSecret"}.get(name, name)
        return documented(SCHEMAS[name]) if name in VALUES else frozenset({MODELS[name]})
    if "anyOf" in schema or "oneOf" in schema:
        return frozenset().union(*map(documented, schema.get("anyOf") or schema["oneOf"]))
    if "enum" in schema:
        return frozenset({("values", *sorted(schema["enum"]))})
    kind = schema["type"]
    if kind == "array":
        return frozenset({("list", documented(schema["items"]))})
    if kind == "object":
        return frozenset({("map", documented(schema["additionalProperties"]))})
    return frozenset({NULL if kind == NULL else FORMATS.get(schema.get("format", ""), PLAIN[kind])})


def annotated(hint: Any) -> Kinds:
    """The same for an annotation."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in ALTERNATIVES:
        return frozenset().union(*map(annotated, arguments))
    if origin is Literal:
        return frozenset({("values", *sorted(arguments))})
    if origin is Sequence:
        return frozenset({("list", annotated(arguments[0]))})
    if origin is Mapping:
        return frozenset({("map", annotated(arguments[1]))})
    return frozenset({NULL if hint is type(None) else hint})


@pytest.mark.parametrize("name", WITH_MEMBERS)
def test_members_have_the_types_of_the_document(name: str) -> None:
    hints = get_type_hints(WITH_MEMBERS[name], {**vars(models), "Response": object})
    for member, schema in SCHEMAS[name]["properties"].items():
        wanted, given = documented(schema), annotated(hints[member])
        if float in wanted:
            given -= {int}  # a number of JSON, too
            wanted -= {int}
        assert wanted <= given or (name, member) in WIDER, member
        # A member may be None in addition, as its default where others before it have one.
        assert given - wanted <= {NULL} or (name, member) in WIDER, member
