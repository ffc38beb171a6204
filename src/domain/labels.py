"""Labels: keys with values by which clients find entities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.list_filters import ParsedFilter
from domain.maps import Map
from domain.paging import Comparison, Condition

LABELS = Map(
    max_items=32,
    key_pattern="[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?",
    key_words="1 to 63 of A-Z a-z 0-9 . _ / -, beginning and ending with a letter or digit",
    max_length=255,
    description="names and texts to find it by",
    example={"project": "wing"},
    indexed=True,
)


@dataclass(frozen=True, slots=True)
class LabelCriterion:
    """Asks for a label of this name, and of this text unless that is None."""

    name: str
    text: str | None

    @property
    def shape(self) -> str:
        return "name" if self.text is None else "text"

    def holds(self, labels: Mapping[str, Any]) -> bool:
        """Whether these labels have it."""
        return self.name in labels and self.text in (None, labels[self.name])


class LabelError(ValueError):
    """A text that asks for no label that there can be."""


def _read(text: str) -> Condition:
    name, colon, value = text.partition(":")
    for problem in LABELS.problems({name: value}):
        raise LabelError(f"No entity has such a label: labels {problem.predicate}.")
    return Condition("labels", Comparison.FULFILS, LabelCriterion(name, value if colon else None))


LABEL_FILTER = ParsedFilter(
    "label",
    _read,
    "^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?(:[^\\u0000-\\u001f\\u007f-\\u009f]{0,255})?$",
    "has a label of this name, `KEY`, or of this name and text, `KEY:VALUE`",
    "project:wing",
)
