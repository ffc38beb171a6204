"""What owners read of their own in parts: lists, revisions, the feed; each part is foretold, whatever came before."""

from collections.abc import Callable
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.contracts.resources import RESOURCES, Json, ResourceCase
from tests.isolation.byte_client import Answer
from tests.isolation.model import Owner, moment
from tests.isolation.resource_rules import RESOURCE, ResourceRules
from tests.isolation.tenants import PICK, WHO

Place: TypeAlias = Callable[[Json], Any]
"""What a list is sorted by."""
LIMITS = st.sampled_from([1, 1, 2, 100])


def by_age(shown: Json) -> Any:
    return (moment(shown["created_at"]), shown["id"])


def plain(shown: Json) -> Json:
    """Without what is written down beside the requests, at a time of its own."""
    return {name: value for name, value in shown.items() if name != "last_used_at"}


class ListRules(ResourceRules):
    """Pages, from the beginning or from a cursor that was given some time ago."""

    @rule(
        who=WHO,
        resource=RESOURCE,
        pick=PICK,
        limit=LIMITS,
        narrowed=st.sampled_from(["", "", "sorted", "sorted", "mine", "theirs"]),
        goes_on=st.booleans(),
    )
    def list_objects(
        self, who: int, resource: ResourceCase, pick: int, limit: int, narrowed: str, *, goes_on: bool
    ) -> None:
        owner, theirs = self.owners[who], self.owners[(who + 1 + pick % 2) % 3]
        operation, wanted = resource.operation("list"), owner.listed(resource)
        key, query, order = self.able(owner, operation, pick), {}, "-created_at"
        if narrowed == "sorted":
            order = resource.orders[pick % len(resource.orders)]
            query = {"sort": order}
        elif narrowed and resource.part_of_name:
            whose = owner if narrowed == "mine" else theirs
            query = {resource.part_of_name: whose.marker.upper()}
            wanted = wanted if whose is owner else []
        wanted, backwards = resource.in_order(wanted, order), order.startswith("-")

        def place(shown: Json) -> Any:
            return resource.place(shown, order.removeprefix("-"))

        after, cursor = self._start(owner, f"{operation} {query}", goes_on, pick)
        if after is not None:
            wanted = [each for each in wanted if (place(each) < after if backwards else place(each) > after)]
        answer = self.ask(owner, key, operation, query={**query, **cursor, "limit": str(limit)})
        self._is_page(owner, f"{operation} {query}", answer, wanted, limit=limit, place=place)

    def _start(self, owner: Owner, listing: str, goes_on: bool, pick: int) -> tuple[Any, dict[str, str]]:
        """Where to begin in a list: a place and its cursor, if one was given before."""
        given = owner.cursors.get(listing)
        if not goes_on or not given:
            return None, {}
        text, place = given[pick % len(given)]
        return place, {"cursor": text}

    def _is_page(
        self, owner: Owner, listing: str, answer: Answer, wanted: list[Json], *, limit: int, place: Place
    ) -> None:
        """Says that the answer is the first of what is wanted, and takes its cursor."""
        assert answer.status == 200, answer
        shown = [plain(each) for each in answer.json["items"]]
        assert shown == wanted[:limit], answer
        cursor, link = answer.json["next_cursor"], answer.header("link")
        assert (cursor is None) == (link is None) == (len(wanted) <= limit), answer
        if cursor is not None:
            assert link is not None
            assert parse_qs(urlsplit(link[1:].partition(">")[0]).query)["cursor"] == [cursor]
            owner.cursors.setdefault(listing, []).append((cursor, place(wanted[limit - 1])))

    @rule(who=WHO, pick=PICK, limit=LIMITS, goes_on=st.booleans())
    def list_keys(self, who: int, pick: int, limit: int, goes_on: bool) -> None:
        owner = self.owners[who]
        after, cursor = self._start(owner, "list_keys", goes_on, pick)
        wanted = [each for each in owner.all_keys() if after is None or by_age(each) < after]
        key = self.able(owner, "list_keys", pick)
        answer = self.ask(owner, key, "list_keys", query={**cursor, "limit": str(limit)})
        self._is_page(owner, "list_keys", answer, wanted, limit=limit, place=by_age)

    @rule(who=WHO, resource=RESOURCE, pick=PICK, limit=LIMITS, goes_on=st.booleans())
    def list_revisions(self, who: int, resource: ResourceCase, pick: int, limit: int, *, goes_on: bool) -> None:
        owner, operation = self.owners[who], resource.operation("revisions")
        mine, key = self._own(owner, resource, pick), self.able(owner, operation, pick)
        listing = f"{operation} {mine.id}"
        after, cursor = self._start(owner, listing, goes_on, pick)
        wanted = [each for each in mine.revisions[::-1] if after is None or each["version"] < after]
        answer = self.ask(owner, key, operation, id=mine.id, query={**cursor, "limit": str(limit)})
        self._learn(wanted, answer)
        self._is_page(owner, listing, answer, wanted, limit=limit, place=lambda each: each["version"])

    def _learn(self, wanted: list[Json], answer: Answer) -> None:
        """When something was deleted is told by its revision alone, and never otherwise after that."""
        for expected, shown in zip(wanted, answer.json["items"], strict=False):
            if expected["at"] is None:
                expected["at"] = shown["at"]

    @rule(who=WHO, pick=PICK, limit=LIMITS, start=st.sampled_from(["first", "kept", "kept", "latest"]))
    def follow(self, who: int, pick: int, limit: int, start: str) -> None:
        owner = self.owners[who]
        key = self.able(owner, "list_changes", pick)
        number, query = 0, {"limit": str(limit)}
        if start == "latest":
            number, query = len(owner.log), query | {"after": "latest"}
        elif start == "kept" and (given := owner.cursors.get("list_changes")):
            cursor, number = given[pick % len(given)]
            query["after"] = cursor
        answer = self.ask(owner, key, "list_changes", query=query)
        assert answer.status == 200, answer
        part = owner.log[number : number + limit]
        readable = {resource.kind for resource in RESOURCES if resource.reads in key.scopes}
        wanted = [change for change in part if change is not None and change["kind"] in readable]
        self._learn(wanted, answer)
        assert answer.json["items"] == wanted, answer
        assert answer.json["has_more"] == (len(owner.log) > number + limit), answer
        owner.cursors.setdefault("list_changes", []).append((answer.json["next_cursor"], number + len(part)))

    def teardown(self) -> None:
        """Whatever has happened, each has exactly what is theirs."""
        self.tries = False
        for who, owner in enumerate(self.owners):
            self.list_keys(who, 0, 100, goes_on=False)
            for resource in RESOURCES:
                self.list_objects(who, resource, 0, 100, "", goes_on=False)
                for number in range(len(owner.of(resource))):
                    self.list_revisions(who, resource, number, 100, goes_on=False)
            owner.cursors["list_changes"] = []
            self.follow(who, 0, 100, "first")
            while owner.cursors["list_changes"][-1][1] < len(owner.log):
                self.follow(who, len(owner.cursors["list_changes"]) - 1, 100, "kept")
