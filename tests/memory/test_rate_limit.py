"""The rate limit of owners and the limit on failed authentication."""

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
    """A rate limit with a fake clock; ``time`` is the service's uptime in seconds."""

    per_minute: float
    time: float = 0.0
    limit: RateLimit = field(init=False)
    owner: OwnerId = field(default_factory=new_owner_id)

    def __post_init__(self) -> None:
        self.limit = RateLimit(self.per_minute, lambda: self.time)

    def count(self, owner: OwnerId | None = None) -> tuple[int, int]:
        """Counts a request; the remaining requests, and the seconds until the quota is full."""
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

    def count_rejected(self) -> int:
        """Counts a request that must be rejected; the seconds to wait."""
        with pytest.raises(Limited) as limited:
            self.count()
        assert limited.value.code == "rate_limited"
        return limited.value.retry_after

    def exhaust(self) -> int:
        """Counts requests until one is rejected; how many were allowed."""
        allowed = 0
        try:
            while True:
                self.count()
                allowed += 1
        except Limited:
            return allowed


@pytest.mark.parametrize("uptime", [0.0, 1.0, 12345.678, 1e7])
@pytest.mark.parametrize("per_minute", [1, 7, 60, 6000])
def test_a_burst_of_the_whole_quota_is_allowed(per_minute: int, uptime: float) -> None:
    counter = Counter(per_minute, uptime)
    assert [counter.count()[0] for _ in range(per_minute)] == list(range(per_minute))[::-1]
    assert counter.count_rejected() == -(-60 // per_minute)


def test_an_allowed_request_has_rate_limit_headers() -> None:
    headers: RawHeaders = []
    RateLimit(120, lambda: 0).count(new_owner_id(), headers)
    assert headers == [(b"ratelimit-policy", b'"owner";q=120;w=60'), (b"ratelimit", b'"owner";r=119;t=1')]


def test_a_rejected_request_has_rate_limit_headers() -> None:
    counter = Counter(1)
    counter.count()
    headers: RawHeaders = []
    with pytest.raises(Limited):
        counter.limit.count(counter.owner, headers)
    assert headers == [(b"ratelimit-policy", b'"owner";q=1;w=60'), (b"ratelimit", b'"owner";r=0;t=60')]


def test_the_quota_refills_evenly() -> None:
    counter = Counter(60)
    assert counter.exhaust() == 60
    for seconds, expected in ((0.5, 0), (0.5, 1), (10, 10), (59, 59), (600, 60)):
        counter.time += seconds
        assert counter.exhaust() == expected


def test_the_quota_is_full_after_the_reset_time() -> None:
    counter = Counter(60)
    left, reset = [counter.count() for _ in range(20)][-1]
    assert (left, reset) == (40, 20)
    counter.time += reset
    assert counter.exhaust() == 60


@pytest.mark.parametrize("per_minute", [1, 7, 60, 90, 6000])
@pytest.mark.parametrize("elapsed", [0.0, 0.3, 0.9999])
def test_a_request_after_retry_after_is_allowed(per_minute: int, elapsed: float) -> None:
    counter = Counter(per_minute, 1e6)
    counter.exhaust()
    counter.time += elapsed
    if counter.exhaust() and per_minute >= 60:
        counter.exhaust()
    counter.time += counter.count_rejected()
    assert counter.exhaust() >= 1


def test_a_rejected_request_costs_no_quota() -> None:
    counter = Counter(60)
    counter.exhaust()
    for _ in range(1000):
        counter.count_rejected()
    counter.time += 1
    assert counter.exhaust() == 1


def test_at_most_twice_the_quota_passes_in_a_minute_and_the_quota_in_the_long_run() -> None:
    counter = Counter(60)
    allowed_at: list[float] = []
    while counter.time < 600:
        allowed_at += [counter.time] * counter.exhaust()
        counter.time += 0.25
    assert len(allowed_at) == pytest.approx(660, abs=1)
    assert max(sum(1 for at in allowed_at if start <= at < start + 60) for start in allowed_at) <= 120


def test_each_owner_has_its_own_quota() -> None:
    counter = Counter(2)
    counter.exhaust()
    assert counter.count(new_owner_id())[0] == 1
    assert counter.count_rejected() == 30


def test_a_limit_of_zero_disables_counting() -> None:
    limit, headers, owner = RateLimit(0, lambda: 0), list[tuple[bytes, bytes]](), new_owner_id()
    for _ in range(10_000):
        limit.count(owner, headers)
    assert headers == []


@pytest.mark.parametrize("per_minute", [0.01, 0.5, 1.0, 1.9])
def test_a_quota_below_one_allows_one_request(per_minute: float) -> None:
    counter = Counter(per_minute)
    assert counter.exhaust() == 1
    counter.time += 60
    assert counter.exhaust() == 1


def test_a_clock_that_goes_back_adds_no_quota() -> None:
    counter = Counter(2, 100)
    counter.exhaust()
    counter.time = 50
    counter.count_rejected()
    counter.time = 130
    assert counter.exhaust() == 1


def test_owners_with_a_full_quota_are_evicted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "CLIENTS_MAX", 100)
    counter = Counter(60)
    for _ in range(1000):
        counter.count(new_owner_id())
        counter.time += 1
        assert len(counter.limit._quotas._whole_at) <= 100


def test_the_busiest_owner_is_not_evicted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "CLIENTS_MAX", 100)
    counter = Counter(60)
    counter.exhaust()
    for _ in range(1000):
        counter.count(new_owner_id())
        assert len(counter.limit._quotas._whole_at) <= 100
    counter.count_rejected()


def test_peek_uses_no_quota() -> None:
    quotas = Gcra[str](2, lambda: 0)
    assert [quotas.peek("x") for _ in range(3)] == [Gcra[str](2, lambda: 0).use("x")] * 3
    quotas.use("x")
    quotas.use("x")
    rejected = quotas.peek("x")
    assert (rejected.allowed, rejected.remaining, rejected.reset, rejected.retry_after) == (False, 0, 60, 30)
    assert quotas.use("x") == rejected


@pytest.mark.parametrize(("excess", "retry_after"), [(0, 1), (1, 2), (59, 60), (60, 61), (1000, 61)])
def test_charges_beyond_the_quota_delay_up_to_a_maximum(excess: int, retry_after: int) -> None:
    quotas = Gcra[str](60, lambda: 0)
    for _ in range(60 + excess):
        quotas.charge("x")
    assert quotas.peek("x").retry_after == retry_after


def rejects(limit: FailureLimit, text: str) -> bool:
    try:
        limit.check(text, "192.0.2.1")
    except ProblemException:
        return True
    return False


def test_the_cache_of_valid_keys_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "TOKENS_MAX", 3)
    limit = FailureLimit(1, lambda: 0)
    for text in "abcdef":
        limit.succeeded(text)
        assert len(limit._valid) <= 3
    limit.failed("g", "192.0.2.1")
    assert [rejects(limit, text) for text in "abcdefg"] == [True] * 3 + [False] * 3 + [True]


def test_a_key_that_fails_is_removed_from_the_valid_keys() -> None:
    limit = FailureLimit(1, lambda: 0)
    limit.succeeded("a")
    limit.failed("a", "192.0.2.1")
    assert rejects(limit, "a")


def test_the_text_of_a_valid_key_is_not_stored() -> None:
    limit = FailureLimit(1, lambda: 0)
    limit.succeeded("the text of a key")
    assert "the text" not in repr(vars(limit))


def test_a_failure_limit_of_zero_rejects_nothing() -> None:
    limit = FailureLimit(0, lambda: 0)
    for number in range(1000):
        limit.failed(str(number), "192.0.2.1")
    assert not rejects(limit, "x")
