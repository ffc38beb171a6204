"""The three owners and how each of them asks: every answer is searched for what is another's."""

import base64
import binascii
import re
from collections import Counter
from typing import Any, ClassVar
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from tests.contracts.document import OPERATIONS
from tests.contracts.resources import Json
from tests.isolation.byte_client import Answer, Wire
from tests.isolation.model import Key, Owner
from tests.isolation.service import Operators

WHO = st.integers(0, 2)
PICK = st.integers(0, 2**16)
MAC_BYTES = 16
_CURSOR = re.compile(r"[A-Za-z0-9_-]{60,}")


class Leaked(AssertionError):
    """Something of one owner's was answered to another, or to nobody."""

    seen: ClassVar[list["Leaked"]] = []

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.seen.append(self)  # so that none is forgotten over another complaint


def opened(text: str) -> str:
    """The text with what its cursors hold, which are signed but not secret."""
    for cursor in set(_CURSOR.findall(text)):
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except binascii.Error:
            continue
        text += raw[MAC_BYTES:].decode(errors="replace")
    return text


class Tenants(RuleBasedStateMachine):
    """What all rules stand on. The counts are of all runs, ``foretold`` of what a rule knows the answer to."""

    wire: ClassVar[Wire]
    operators: ClassVar[Operators]
    steps: ClassVar[Counter[str]]
    foretold: ClassVar[Counter[str]]
    foreign: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.owners = [self.operators.admit() for _ in range(3)]
        self.requests, self.tries = 0, True
        self.steps["steps"] -= 1  # the invariant is looked at before the first one, too

    @invariant()
    def nothing_but_counts(self) -> None:
        self.steps["steps"] += 1

    def request_id(self, owner: Owner | None) -> str:
        """A new one, which tells whose it is."""
        self.requests += 1
        return f"{owner.marker if owner else 'nobody'}-{self.requests}"

    def ask(
        self,
        owner: Owner | None,
        key: Key | None,
        operation: str,
        *,
        headers: dict[str, str] | None = None,
        request_id: str | None = None,
        foreign: bool = False,
        **more: Any,
    ) -> Answer:
        """What the service answers to this owner's key, once nobody else's is found in it.

        Before it is done, another owner tries the same: it must not get there, and must not have changed anything.
        """
        if owner is not None and self.tries and not foreign:
            self.try_as_another(owner, operation, headers=headers or {}, **more)
        sent = {"X-Request-ID": request_id or self.request_id(owner), **(headers or {})}
        if key is not None:
            sent["X-API-Key"] = key.text
        answer = self.wire.send(operation, sent, **more)
        self.foretold[operation] += not foreign and (owner is not None or OPERATIONS[operation].scopes is None)
        assert answer.header("x-request-id") == sent["X-Request-ID"]
        self.search(owner, answer)
        assert answer.status < 500, answer
        return answer

    def try_as_another(self, owner: Owner, operation: str, **more: Any) -> None:
        """Has another owner name this owner's object, or go on from its cursor."""
        other = self.owners[(self.owners.index(owner) + 1 + self.requests % 2) % 3]
        said, query = OPERATIONS[operation], more.get("query") or {}
        if said.names_an_object:
            self.twins(other, other.keys[0], operation, more, {**more, "id": unknown()})
        elif (cursor := query.get(said.place, "latest")) != "latest":
            forged = {**query, said.place: (unknown() * 20).replace("-", "")[: len(cursor)]}
            answer = self.twins(other, other.keys[0], operation, more, {**more, "query": forged})
            self.is_refused(answer, 400, "invalid_cursor")
            self.foreign[f"{operation} {said.place}"] += 1

    def twins(self, owner: Owner, key: Key, operation: str, own: dict[str, Any], other: dict[str, Any]) -> Answer:
        """Asks for another's and for what nobody has, and says that but for the path both answers are the same."""
        request_id = self.request_id(owner)
        first, second = (
            self.ask(owner, key, operation, request_id=request_id, foreign=True, **each) for each in (own, other)
        )
        assert first.unechoed == second.unechoed, operation
        assert first.status >= 400, first
        self.foreign[operation] += 1
        return first

    def search(self, owner: Owner | None, answer: Answer) -> None:
        """Raises ``Leaked`` where the answer holds anything of another owner's."""
        text = opened(answer.unechoed).lower()
        for other in self.owners:
            if other is owner:
                continue
            secret = other.revealed_in(text)
            if secret is not None:
                raise Leaked(f"{secret!r} of {other.name} in the answer to {answer.path}: {answer.unechoed}")

    def key_of(self, owner: Owner, pick: int) -> Key:
        return owner.keys[pick % len(owner.keys)]

    def able(self, owner: Owner, operation: str, pick: int) -> Key:
        """A key of this owner that may do it."""
        able = [key for key in owner.keys if key.may(OPERATIONS[operation].scopes)]
        return able[pick % len(able)]

    def is_refused(self, answer: Answer, status: int, code: str) -> None:
        """Says that the answer is this problem and no more."""
        assert answer.status == status, answer
        problem = answer.json
        assert problem["code"] == code, answer
        assert set(problem) - {"errors"} == {"type", "title", "status", "detail", "instance", "code", "request_id"}
        assert answer.header("content-type") == "application/problem+json"

    def is_shown(self, answer: Answer, status: int, expected: Json, tag: str | None) -> None:
        """Says that the answer is this object under this tag."""
        assert (answer.status, answer.json, answer.header("etag")) == (status, expected, tag), answer


def unknown() -> str:
    """An id that nobody has."""
    return str(uuid4())
