"""The operations of the OpenAPI document: what can be asked is taken from there, so that nothing is left out."""

import json
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
PLACES = {"cursor", "after"}  # the parameters that go on from a place in a list


@dataclass(frozen=True)
class Operation:
    """One operation.

    Its key needs all of one of ``scopes``, which are None where it takes no key. ``place`` names its cursor.
    """

    id: str
    method: str
    path: str
    scopes: tuple[frozenset[str], ...] | None
    place: str | None

    @property
    def names_an_object(self) -> bool:
        """Whether its path holds the id of an object of some owner."""
        return self.scopes is not None and "{id}" in self.path


def operations() -> dict[str, Operation]:
    """All of them, by their ``operationId``."""
    found = {}
    for path, methods in json.loads(DOCUMENT.read_text())["paths"].items():
        for method, said in methods.items():
            security = said.get("security")
            scopes = None if security is None else tuple(frozenset[str](*each.values()) for each in security)
            (place, *_) = [*(PLACES & {parameter["name"] for parameter in said.get("parameters", [])}), None]
            found[said["operationId"]] = Operation(said["operationId"], method.upper(), path, scopes, place)
    return found


OPERATIONS = operations()
