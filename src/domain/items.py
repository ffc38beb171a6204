"""Lists of value objects, such as the artifacts of a run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from domain.field_spec import fields_of, violations_in
from domain.fields import Field, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Items(Field):
    """A list of value objects: frozen dataclasses, whose fields are annotated with kinds as those of entities are.

    No two have the same value of ``key``. Items that could be read only in part lack the attributes of the rest.
    """

    of: type[Any]
    key: str
    max_items: int

    def normalized(self, value: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(map(self._normalized, value))

    def _normalized(self, item: Any) -> Any:
        given = {each.name: getattr(item, each.name) for each in fields(item) if hasattr(item, each.name)}
        specs = fields_of(self.of)
        kept = {name: None if each is None else specs[name].kind.normalized(each) for name, each in given.items()}
        return item if kept == given else replace(item, **kept)

    def problems(self, value: Sequence[Any]) -> Iterator[Problem]:
        if len(value) > self.max_items:
            yield Problem("too_many", f"cannot hold more than {self.max_items} items")
            return
        seen = set()
        for place, item in enumerate(value):
            given = {name: field for name, field in fields_of(self.of).items() if hasattr(item, name)}
            for name, field in given.items():
                for wrong in violations_in(field, getattr(item, name)):
                    first, rest = wrong.detail[0].lower(), wrong.detail[1:].removesuffix(".")
                    predicate = f"cannot hold this item: {first}{rest}"
                    yield Problem(wrong.code, predicate, (place, name, *wrong.path))
            if self.key not in given:
                continue
            if getattr(item, self.key) in seen:
                yield Problem("repeated", f"cannot hold two items with the same {self.key}", (place, self.key))
            seen.add(getattr(item, self.key))
