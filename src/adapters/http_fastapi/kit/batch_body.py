"""Bodies with many items: validated item by item, so that they never hold the event loop for long.

The whole body has bounds of its own. Each item is bounded like a body that has nothing else, so one piece of the work
takes a few milliseconds at most, and after each the others get their turn (``Turns``).
"""

from datetime import datetime
from functools import cache, partial
from typing import Annotated, Any, ClassVar

from pydantic import Field, create_model

from adapters.http_fastapi.kit.body import BodyLimits
from adapters.http_fastapi.kit.problems import ERRORS_MAX, ProblemError, pointer, violation_errors
from adapters.http_fastapi.kit.schemas import CreateBody
from adapters.http_fastapi.kit.validation_errors import as_model, in_body
from domain.batches import ITEMS, ITEMS_MAX, in_item
from domain.turns import Turns

BATCH_LIMITS = BodyLimits(size=4 << 20, values=400_000)
"""As many values as 4 MiB of quantities have."""


class BatchBody(CreateBody):
    """The base of a body with many items."""

    LIMITS: ClassVar[BodyLimits] = BATCH_LIMITS
    ITEM: ClassVar[type[CreateBody]]
    items: Any

    @classmethod
    async def validated_in_turns(cls, content: Any, errors: list[ProblemError]) -> "BatchBody | None":
        """The content as this body; None where it is not valid, which is added to the errors."""
        as_model(_shell(), content, errors, in_body)
        items: list[Any] = []
        with Turns() as turns:
            for place, item in enumerate(_items(content)):
                items.append(as_model(cls.ITEM, item, errors, partial(_in_item, place)))
                if len(errors) >= ERRORS_MAX:
                    break
                await turns.pause()
        return None if errors else cls.model_construct(items=items)

    @classmethod
    async def add_violations(cls, content: Any, at: datetime, errors: list[ProblemError]) -> None:
        """Adds to the errors what else is wrong with what can be read of the items."""
        with Turns() as turns:
            for place, item in enumerate(_items(content)):
                if len(errors) >= ERRORS_MAX:
                    break
                errors += violation_errors(in_item(place, cls.ITEM.violations(item, at)), content)
                await turns.pause()


@cache
def batch_body(name: str, item: type[CreateBody], doc: str) -> type[BatchBody]:
    """The body that has many of these items."""
    fields = item.model_fields.items()
    example = {name: field.examples[0] for name, field in fields if field.examples}
    some: Any = Annotated[
        list[item],  # type: ignore[valid-type]  # -- made at run time
        Field(min_length=1, max_length=ITEMS_MAX, description="all are made, or none", examples=[[example]]),
    ]
    body = create_model(name, __base__=BatchBody, __doc__=doc, items=(some, ...))
    body.ITEM = item
    return body


@cache
def _shell() -> type[CreateBody]:
    """The body without a look at its items."""
    some: Any = Annotated[list[Any], Field(min_length=1, max_length=ITEMS_MAX)]
    return create_model("Batch", __base__=CreateBody, items=(some, ...))


def _items(content: Any) -> list[Any]:
    """The items, as far as there are any, and not too many."""
    items = content.get(ITEMS) if isinstance(content, dict) else None
    return items if isinstance(items, list) and len(items) <= ITEMS_MAX else []


def _in_item(place: int, location: tuple[Any, ...]) -> dict[str, str]:
    return {"pointer": pointer(ITEMS, place, *location)}
