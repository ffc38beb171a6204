"""The limits: what they let through, what they say, when they let through again, and what they remember."""

import re
from dataclasses import dataclass, field

import pytest

from adapters.http_fastapi.kit import rate_limit
from adapters.http_fastapi.kit.context import RawHeaders
from adapters.http_fastapi.kit.problems import ProblemException
from adapters.http_fastapi.kit.rate_limit import FailureLimit, Gcra, RateLimit
from domain.errors import Limited
from domain.repository import OwnerId
from tests.factories import new_owner_id

POLICY = re.compile(r'"owner";q=(\d+);w=60')
STATE = re.compile(r'"owner";r=(\d+);t=(\d+)')


@dataclass
class Counter:
    """A limit under a clock of the test's own; the service has been up for ``time`` seconds."""

    per_minute: float
    time: float = 0.0
    limit: RateLimit = field(init=False)
    owner: OwnerId = field(default_factory=new_owner_id)

    def __post_init__(self) -> None:
        self.limit = RateLimit(self.per_minute, lambda: self.time)

    def count(self, owner: OwnerId | None = None) -> tuple[int, int]:
        """What is left, and the seconds until all is."""
        headers: RawHeaders = []
        try:
            self.limit.count(owner or self.owner, headers)
        finally:
            (policy, policy_value), (state_name, state_value) = headers
            assert (policy, state_name) == (b"ratelimit-policy", b"ratelimit")
            assert POLICY.fullmatch(policy_value.decode())
            match = STATE.fullmatch(state_value.decode())
            assert match
            state = (int(match[1]), int(match[2]))
        return state

    def refused(self) -> int:
        with pytest.raises(Limited) as limited:
            self.count()
        assert limited.value.code == "rate_limited"
        return limited.value.retry_after

    def let_through(self) -> int:
        """How many requests pass before one is refused."""
        passed = 0
        try:
            while True:
                self.count()
                passed += 1
        except Limited:
            return passed


@pytest.mark.parametrize("up_for", [0.0, 1.0, 12345.678, 1e7])
@pytest.mark.parametrize("per_minute", [1, 7, 60, 6000])
def test_as_many_as_agreed_pass_at_once_and_each_is_counted(per_minute: int, up_for: float) -> None:
    counter = Counter(per_minute, up_for)
    assert [counter.count()[0] for _ in range(per_minute)] == list(range(per_minute))[::-1]
    assert counter.refused() == -(-60 // per_minute)


def test_the_policy_is_told() -> None:
    headers: RawHeaders = []
    RateLimit(120, lambda: 0).count(new_owner_id(), headers)
    assert headers == [(b"ratelimit-policy", b'"owner";q=120;w=60'), (b"ratelimit", b'"owner";r=119;t=1')]


def test_a_refusal_tells_as_much() -> None:
    counter = Counter(1)
    counter.count()
    headers: RawHeaders = []
    with pytest.raises(Limited):
        counter.limit.count(counter.owner, headers)
    assert headers == [(b"ratelimit-policy", b'"owner";q=1;w=60'), (b"ratelimit", b'"owner";r=0;t=60')]


def test_the_allowance_grows_evenly() -> None:
    counter = Counter(60)
    assert counter.let_through() == 60
    for seconds, more in ((0.5, 0), (0.5, 1), (10, 10), (59, 59), (600, 60)):
        counter.time += seconds
        assert counter.let_through() == more


def test_the_allowance_is_whole_when_it_was_said_to_be() -> None:
    counter = Counter(60)
    left, whole_in = [counter.count() for _ in range(20)][-1]
    assert (left, whole_in) == (40, 20)
    counter.time += whole_in
    assert counter.let_through() == 60


@pytest.mark.parametrize("per_minute", [1, 7, 60, 90, 6000])
@pytest.mark.parametrize("elapsed", [0.0, 0.3, 0.9999])
def test_whoever_waits_as_long_as_told_passes(per_minute: int, elapsed: float) -> None:
    counter = Counter(per_minute, 1e6)
    counter.let_through()
    counter.time += elapsed
    if counter.let_through() and per_minute >= 60:
        counter.let_through()
    counter.time += counter.refused()
    assert counter.let_through() >= 1


def test_a_refused_request_costs_nothing() -> None:
    counter = Counter(60)
    counter.let_through()
    for _ in range(1000):
        counter.refused()
    counter.time += 1
    assert counter.let_through() == 1


def test_in_no_minute_pass_more_than_twice_as_many_and_in_the_long_run_as_many() -> None:
    counter = Counter(60)
    passed: list[float] = []
    while counter.time < 600:
        passed += [counter.time] * counter.let_through()
        counter.time += 0.25
    assert len(passed) == pytest.approx(660, abs=1)
    assert max(sum(1 for at in passed if start <= at < start + 60) for start in passed) <= 120


def test_owners_are_counted_apart() -> None:
    counter = Counter(2)
    counter.let_through()
    assert counter.count(new_owner_id())[0] == 1
    assert counter.refused() == 30


def test_nothing_is_counted_where_there_is_no_limit() -> None:
    limit, headers, owner = RateLimit(0, lambda: 0), list[tuple[bytes, bytes]](), new_owner_id()
    for _ in range(10_000):
        limit.count(owner, headers)
    assert headers == []


@pytest.mark.parametrize("per_minute", [0.01, 0.5, 1.0, 1.9])
def test_a_worker_whose_part_is_less_than_one_lets_one_through(per_minute: float) -> None:
    counter = Counter(per_minute)
    assert counter.let_through() == 1
    counter.time += 60
    assert counter.let_through() == 1


def test_a_clock_that_stands_still_or_goes_back_gives_nothing_away() -> None:
    counter = Counter(2, 100)
    counter.let_through()
    counter.time = 50
    counter.refused()
    counter.time = 130
    assert counter.let_through() == 1


def test_owners_whose_quota_is_whole_again_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "CLIENTS_MAX", 100)
    counter = Counter(60)
    for _ in range(1000):
        counter.count(new_owner_id())
        counter.time += 1
        assert len(counter.limit._quotas._whole_at) <= 100


def test_the_most_busy_are_remembered_where_all_are_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "CLIENTS_MAX", 100)
    counter = Counter(60)
    counter.let_through()
    for _ in range(1000):
        counter.count(new_owner_id())
        assert len(counter.limit._quotas._whole_at) <= 100
    counter.refused()


def test_to_peek_takes_nothing() -> None:
    quotas = Gcra[str](2, lambda: 0)
    assert [quotas.peek("x") for _ in range(3)] == [Gcra[str](2, lambda: 0).use("x")] * 3
    quotas.use("x")
    quotas.use("x")
    refused = quotas.peek("x")
    assert (refused.allowed, refused.remaining, refused.reset, refused.retry_after) == (False, 0, 60, 30)
    assert quotas.use("x") == refused


@pytest.mark.parametrize(("owed", "waits"), [(0, 1), (1, 2), (59, 60), (60, 61), (1000, 61)])
def test_a_debt_is_waited_for_and_has_its_bound(owed: int, waits: int) -> None:
    quotas = Gcra[str](60, lambda: 0)
    for _ in range(60 + owed):
        quotas.charge("x")
    assert quotas.peek("x").retry_after == waits


def refuses(limit: FailureLimit, text: str) -> bool:
    try:
        limit.check(text, "192.0.2.1")
    except ProblemException:
        return True
    return False


def test_no_more_keys_are_remembered_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "TOKENS_MAX", 3)
    limit = FailureLimit(1, lambda: 0)
    for text in "abcdef":
        limit.succeeded(text)
        assert len(limit._valid) <= 3
    limit.failed("g", "192.0.2.1")
    assert [refuses(limit, text) for text in "abcdefg"] == [True] * 3 + [False] * 3 + [True]


def test_a_key_that_has_died_is_remembered_no_longer() -> None:
    limit = FailureLimit(1, lambda: 0)
    limit.succeeded("a")
    limit.failed("a", "192.0.2.1")
    assert refuses(limit, "a")


def test_a_key_is_remembered_without_its_text() -> None:
    limit = FailureLimit(1, lambda: 0)
    limit.succeeded("the text of a key")
    assert "the text" not in repr(vars(limit))


def test_without_a_limit_any_number_of_keys_may_fail() -> None:
    limit = FailureLimit(0, lambda: 0)
    for number in range(1000):
        limit.failed(str(number), "192.0.2.1")
    assert not refuses(limit, "x")
