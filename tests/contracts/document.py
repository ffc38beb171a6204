"""The operations of the OpenAPI document, so that tests cover all of them."""

import json
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
CURSOR_PARAMETERS = {"cursor", "after"}  # parameters that take a cursor


@dataclass(frozen=True)
class Operation:
    """One operation.

    ``scopes`` are alternative sets, one of which the key must have; None if no key is needed. ``place`` is the name
    of its cursor parameter.
    """

    id: str
    method: str
    path: str
    scopes: tuple[frozenset[str], ...] | None
    place: str | None

    @property
    def names_an_object(self) -> bool:
        """Whether its path contains the id of an owner's object."""
        return self.scopes is not None and "{id}" in self.path


def operations() -> dict[str, Operation]:
    """All operations, by ``operationId``."""
    found = {}
    for path, methods in json.loads(DOCUMENT.read_text())["paths"].items():
        for method, said in methods.items():
            security = said.get("security")
            scopes = None if security is None else tuple(frozenset[str](*each.values()) for each in security)
            (place, *_) = [*(CURSOR_PARAMETERS & {parameter["name"] for parameter in said.get("parameters", [])}), None]
            found[said["operationId"]] = Operation(said["operationId"], method.upper(), path, scopes, place)
    return found


OPERATIONS = operations()
