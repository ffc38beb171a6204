"""SQL functions on quantities, which SQLite calls in this process: its own reading of decimals may be a bit off."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from domain.quantities import Quantity
from domain.quantity_conditions import ComparisonOperator, QuantityCriterion

if TYPE_CHECKING:
    from sqlite3 import Connection

FULFILS, NUMBER = "goatfish_fulfils", "goatfish_number"


def add_functions(connection: Connection) -> None:
    """Gives a connection of SQLite the functions that the conditions call."""
    connection.create_function(FULFILS, 4, _fulfils, deterministic=True)
    connection.create_function(NUMBER, 2, _number, deterministic=True)


def _fulfils(quantities: str, name: str, operator: str, value: str) -> bool:
    found = json.loads(quantities).get(name)
    criterion = QuantityCriterion(name, ComparisonOperator(operator), json.loads(value))
    return found is not None and criterion.holds({name: Quantity(*found)})


def _number(quantities: str, name: str) -> int | float | None:
    found = json.loads(quantities).get(name)
    return None if found is None else Quantity(*found).number
