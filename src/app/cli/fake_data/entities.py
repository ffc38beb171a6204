"""Fake owners and entities with plausible values."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import product
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from domain import fields as kinds
from domain.access.owner import Owner
from domain.entity_spec import NotBefore, Rule, spec_of
from domain.field_spec import FieldSpec
from domain.maps import Map
from domain.repository import E, OwnerId

SUBJECTS = ("Wing", "Fuselage", "Rotor blade", "Bridge deck", "Hull", "Heat exchanger", "Gearbox", "Battery pack")
STUDIES = ("flutter", "fatigue", "modal analysis", "drag", "crash", "thermal load", "buckling")
STUDY_NAMES = [f"{subject} {study}" for study, subject in product(STUDIES, SUBJECTS)]
PROJECTS = [subject.lower().replace(" ", "-") for subject in SUBJECTS]
HISTORY = timedelta(days=365)
DRAWS_MAX = 100
"""How often the values of an entity are drawn again, until no rule is broken."""

Ids = Mapping[OwnerId, Sequence[UUID]]


@dataclass(slots=True)
class Draw:
    """The inputs of one random value: the generator, the entity's owner and creation time, and its index there."""

    chance: random.Random
    owner: OwnerId
    at: datetime
    turn: int

    @property
    def title(self) -> str:
        """A text that is unique within the owner."""
        series, place = divmod(self.turn, len(STUDY_NAMES))
        return f"{STUDY_NAMES[place]}, series {series + 1}" if series else STUDY_NAMES[place]

    @property
    def labels(self) -> dict[str, str]:
        """What the title is about."""
        return {"project": PROJECTS[self.turn % len(PROJECTS)]}

    def later(self) -> datetime:
        """A time in the two months after the creation."""
        return self.at + timedelta(days=int(60 * self.chance.random()))


def fake_owners(count: int, now: datetime, batch: str) -> list[Owner]:
    """New owners; ``batch`` is a part of their names and makes them unique."""
    return [
        Owner.create(id=OwnerId(uuid7()), now=now, name=f"Seeded {batch}-{number:04}") for number in range(1, count + 1)
    ]


def fake_entities(
    entity: type[E], owners: Sequence[Owner], count: int, now: datetime, made: Mapping[str, Ids] | None = None
) -> Iterator[E]:
    """Entities created at even intervals in the year before ``now``, by each owner in turn.

    ``made`` are the ids that they may refer to, by kind and owner. Raises ``ValueError`` where random values keep
    breaking the entity's rules.
    """
    chance = random.Random(count)  # noqa: S311 -- fake data; seeded, so that the same count gives the same data
    step = HISTORY / max(count, 1)
    spec, make = spec_of(entity), _maker(entity)
    values = {name: _values(field, made or {}) for name, field in spec.fields.items()}
    for number in range(count):
        at = now - HISTORY + number * step
        turn, place = divmod(number, len(owners))
        draw = Draw(chance, owners[place].id, at, turn)
        yield make(
            id=uuid7(nanoseconds=int(at.timestamp() * 1e9)),
            owner_id=draw.owner,
            created_at=at,
            updated_at=at,
            **_drawn(values, spec.rules, draw),
        )


def _maker(entity: type[E]) -> Callable[..., E]:
    return entity


def _drawn(values: Mapping[str, Callable[[Draw], Any]], rules: Sequence[Rule], draw: Draw) -> dict[str, Any]:
    """Random values that break no rule."""
    for _ in range(DRAWS_MAX):
        drawn = {name: value(draw) for name, value in values.items()}
        for rule in rules:
            given = [drawn[name] for name in rule.fields]
            if None in given or rule.holds(*given):
                continue
            if not isinstance(rule, NotBefore):
                break
            drawn |= zip(rule.fields, reversed(given), strict=True)
        else:
            return drawn
    raise ValueError(f"Random values broke a rule {DRAWS_MAX} times.")


def _values(field: FieldSpec, made: Mapping[str, Ids]) -> Callable[[Draw], Any]:
    """A function that draws values of a field; half of an optional field's are None."""
    kind = field.kind
    if isinstance(kind, kinds.Reference):
        return _references(field, made.get(kind.to, {}))
    value = _DRAWN[type(kind)]
    if field.optional:
        return lambda draw: value(kind, draw) if draw.chance.random() < 0.5 else None  # noqa: PLR2004 -- every other
    return partial(value, kind)


def _references(field: FieldSpec, made: Ids) -> Callable[[Draw], UUID | None]:
    def referred(draw: Draw) -> UUID | None:
        known = made.get(draw.owner, ())
        if known:
            return draw.chance.choice(known)
        if field.optional:
            return None
        raise ValueError(f"The owner has nothing that {field.name} could refer to.")

    return referred


def _text(kind: kinds.Text, draw: Draw) -> str:
    return draw.title if len(draw.title) <= kind.max_length else str(draw.turn + 1)[-kind.max_length :]


def _whole_number(kind: kinds.Integer, draw: Draw) -> int:
    return draw.chance.randint(kind.minimum, min(kind.maximum, kind.minimum + 1000))


def _amount(kind: kinds.Amount, draw: Draw) -> Decimal:
    unit = Decimal(1).scaleb(-kind.places)
    least = kind.minimum or Decimal(0)
    most = Decimal(10) ** (kind.digits - kind.places) - unit if kind.maximum is None else kind.maximum
    return kind.normalized(least + unit * draw.chance.randint(0, int((most - least) / unit)))


def _words(kind: kinds.Words, draw: Draw) -> tuple[str, ...]:
    fitting = [study for study in STUDIES if len(study) <= kind.max_length]
    return tuple(draw.chance.sample(fitting, min(2, kind.max_items, len(fitting))))


_DRAWN: Mapping[type[kinds.Field], Callable[[Any, Draw], Any]] = {
    kinds.Text: _text,
    kinds.LongText: lambda kind, draw: f"{draw.title}\nas it was planned"[: kind.max_length],
    kinds.Choice: lambda kind, draw: draw.chance.choice([*kind.options]),
    kinds.Boolean: lambda _, draw: draw.chance.random() < 0.5,  # noqa: PLR2004 -- every other
    kinds.Integer: _whole_number,
    kinds.Amount: _amount,
    kinds.Day: lambda _, draw: draw.later().date(),
    kinds.Moment: lambda _, draw: draw.later(),
    kinds.Words: _words,
    Map: lambda kind, draw: {name: draw.labels.get(name, value) for name, value in (kind.example or {}).items()},
}
