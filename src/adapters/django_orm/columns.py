"""Columns that Django does not have: a set of scopes, and text that sorts alike on every database."""

from typing import Any, ClassVar

from django.db import models

from domain.access.scopes import Scope


class ScopesField(models.CharField):  # type: ignore[type-arg]  # -- generic for the type checker alone, not at run time
    """A set of scopes as one text, in order and separated by spaces."""

    def from_db_value(self, value: str, expression: Any, connection: Any) -> frozenset[Scope]:
        return self.to_python(value)

    def to_python(self, value: Any) -> frozenset[Scope]:
        return frozenset(map(Scope, value.split() if isinstance(value, str) else value))

    def get_prep_value(self, value: Any) -> str:
        return " ".join(sorted(self.to_python(value)))


class FoldedField(models.CharField):  # type: ignore[type-arg]  # -- generic for the type checker alone, not at run time
    """Text that sorts by its code points on every database."""

    COLLATIONS: ClassVar = {"postgresql": "C", "sqlite": "BINARY"}

    def db_parameters(self, connection: Any) -> Any:
        return {**super().db_parameters(connection), "collation": self.COLLATIONS[connection.vendor]}
