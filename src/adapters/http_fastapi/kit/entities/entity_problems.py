"""The problem types that follow from an entity's declaration, for the catalogue and the OpenAPI document."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from adapters.http_fastapi.kit.problem_types import ProblemType, register, register_not_found
from domain.entity import plural_of, title_of
from domain.entity_spec import spec_of
from domain.field_spec import display_name
from domain.fields import Reference
from domain.repository import Owned


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflicts:
    """The codes of the conflicts with what is stored (409) that each operation on an entity may answer."""

    create: tuple[str, ...]
    change: tuple[str, ...]
    delete: tuple[str, ...]
    restore: tuple[str, ...]


def register_problems(entity: type[Owned], entities: Collection[type[Owned]]) -> Conflicts:
    """Adds all problem types of this entity, which is one of ``entities``, to the catalogue.

    Raises ``TypeError`` where another type has the same code.
    """
    register_not_found(entity.KIND, title_of(entity))
    taken, refused = _registered(_taken(entity)), _registered(_transitions(entity))
    return Conflicts(
        create=taken,
        change=(*taken, *refused),
        delete=_registered(_in_use(entity, entities)),
        restore=(*taken, *refused, *_registered(_missing(entity, entities))),
    )


def _registered(kinds: Iterator[ProblemType]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(register, kinds)))


def _taken(entity: type[Owned]) -> Iterator[ProblemType]:
    for field in spec_of(entity).fields.values():
        if field.kind.unique:
            name = display_name(field.name)
            meaning = f"Another object of the same kind has this {name}, which is unique among the objects of an owner."
            yield ProblemType(field.taken, 409, f"{name.capitalize()} taken", meaning)


def _transitions(entity: type[Owned]) -> Iterator[ProblemType]:
    for conflict in spec_of(entity).conflicts:
        yield ProblemType(conflict.code, 409, conflict.title, conflict.meaning)


def _in_use(entity: type[Owned], entities: Collection[type[Owned]]) -> Iterator[ProblemType]:
    children: dict[str, dict[str, None]] = {}
    for other in entities:
        for reference in _references(other):
            if reference.to == entity.KIND:
                children.setdefault(reference.in_use, {})[display_name(plural_of(other))] = None
    for code, names in children.items():
        by = " or ".join(names)
        meaning = f"The {title_of(entity)} cannot be deleted while {by} refer to it. Delete or change them first."
        yield ProblemType(code, 409, display_name(code).capitalize(), meaning)


def _missing(entity: type[Owned], entities: Collection[type[Owned]]) -> Iterator[ProblemType]:
    titles = {each.KIND: title_of(each) for each in entities}
    for reference in _references(entity):
        if reference.to not in titles:
            raise TypeError(f"{entity.__name__} refers to {reference.to}, which is no kind of entity.")
        meaning = (
            f"The object cannot be restored, because the {titles[reference.to]} that it refers to no longer exists."
        )
        yield ProblemType(reference.missing, 409, display_name(reference.missing).capitalize(), meaning)


def _references(entity: type[Owned]) -> Iterator[Reference]:
    for field in spec_of(entity).fields.values():
        if isinstance(field.kind, Reference):
            yield field.kind
