"""API key tokens, and the rules of API keys."""

import hashlib
import os
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from domain.access.api_key import ApiKey, Lifetime
from domain.access.scopes import Scope, require_scopes
from domain.access.token import ApiKeyToken
from domain.errors import Conflict, Denied, Invalid, Unfit
from tests.factories import NOW, ApiKeyFactory, new_owner_id

MICROSECOND = timedelta(microseconds=1)
LAST = datetime.max.replace(tzinfo=UTC)


def secret_of(text: ApiKeyToken) -> str:
    return text.reveal().split("_")[2][:-6]


@pytest.fixture
def text() -> ApiKeyToken:
    return ApiKeyToken.new(os.urandom)


def test_token_consists_of_prefix_public_id_secret_and_checksum(text: ApiKeyToken) -> None:
    assert re.fullmatch(r"gf_[0-9A-Za-z]{14}_[0-9A-Za-z]{49}", text.reveal())
    assert text.reveal().startswith(f"gf_{text.public_id}_")


def test_secret_holds_256_random_bits() -> None:
    requested: list[int] = []

    def ones(count: int) -> bytes:
        requested.append(count)
        return b"\xff" * count

    largest = ApiKeyToken.new(ones)
    assert requested == [10, 32]
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    number = 0
    for digit in secret_of(largest):
        number = number * 62 + alphabet.index(digit)
    assert number == 2**256 - 1
    assert ApiKeyToken.parse(ApiKeyToken.new(bytes).reveal()) is not None


def test_tokens_have_distinct_public_ids_and_secrets() -> None:
    first, second = ApiKeyToken.new(os.urandom), ApiKeyToken.new(os.urandom)
    assert first.public_id != second.public_id
    assert secret_of(first) != secret_of(second)


def test_revealed_token_can_be_parsed(text: ApiKeyToken) -> None:
    assert ApiKeyToken.parse(text.reveal()) == text


@pytest.mark.parametrize(
    "corrupt",
    [
        pytest.param(lambda text: "", id="empty"),
        pytest.param(lambda text: "gf_", id="prefix"),
        pytest.param(lambda text: text[:-1], id="short"),
        pytest.param(lambda text: text + "0", id="long"),
        pytest.param(lambda text: text + "\n", id="newline"),
        pytest.param(lambda text: f" {text}", id="space"),
        pytest.param(lambda text: text.upper(), id="upper-prefix"),
        pytest.param(lambda text: "gx" + text[2:], id="other-prefix"),
        pytest.param(lambda text: text.replace("_", "-"), id="dashes"),
        pytest.param(lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"), id="checksum"),
        pytest.param(lambda text: text[:20] + ("0" if text[20] != "0" else "1") + text[21:], id="secret"),
        pytest.param(lambda text: text[:5] + ("0" if text[5] != "0" else "1") + text[6:], id="public-id"),
        pytest.param(lambda text: text[:20] + "٣" + text[21:], id="foreign-digit"),
        pytest.param(lambda text: "\ud800" * len(text), id="surrogates"),
        pytest.param(lambda text: "\x00" * len(text), id="nul"),
    ],
)
def test_corrupted_token_is_not_parsed(text: ApiKeyToken, corrupt: Any) -> None:
    assert ApiKeyToken.parse(corrupt(text.reveal())) is None


def test_key_stores_only_the_digest_of_the_secret(text: ApiKeyToken) -> None:
    assert text.digest() == hashlib.sha256(secret_of(text).encode()).hexdigest()
    key = ApiKeyFactory.build(text=text)
    assert key.digest == text.digest()
    kept = [str(getattr(key, name)) for name in ApiKey.__dataclass_fields__]
    assert not any(secret_of(text) in value for value in kept)


def test_repr_shows_neither_secret_nor_digest(text: ApiKeyToken) -> None:
    key = ApiKeyFactory.build(text=text)
    for shown in (repr(text), str(text), f"{text}", repr(key), str(key), repr([text, key])):
        assert secret_of(text) not in shown
        assert text.digest() not in shown
        assert text.public_id in shown


def test_key_accepts_only_its_own_token(text: ApiKeyToken) -> None:
    key = ApiKeyFactory.build(text=text)
    assert key.accepts(text, NOW)
    assert not key.accepts(ApiKeyToken(text.public_id, secret_of(ApiKeyToken.new(os.urandom))), NOW)


def test_revoked_key_accepts_no_token(text: ApiKeyToken) -> None:
    key = ApiKeyFactory.build(text=text)
    assert not key.revoke(NOW).accepts(text, NOW)
    assert not key.revoke(NOW).accepts(text, NOW - timedelta(days=1))


def test_key_is_valid_until_it_expires(text: ApiKeyToken) -> None:
    key = ApiKeyFactory.build(text=text, expires_at=NOW)
    assert key.accepts(text, NOW - MICROSECOND)
    assert not key.accepts(text, NOW)
    assert not key.accepts(text, NOW + MICROSECOND)


def test_second_revocation_changes_nothing() -> None:
    key = ApiKeyFactory.build()
    revoked = key.revoke(NOW)
    assert (revoked.revoked_at, revoked.version) == (NOW, 2)
    assert revoked.revoke(NOW + timedelta(days=1)) is revoked


def test_successor_has_the_same_name_and_scopes_and_its_own_expiry() -> None:
    old = ApiKeyFactory.build(scopes=frozenset({Scope.KEYS_MANAGE}), expires_at=NOW + MICROSECOND)
    id, text = uuid7(), ApiKeyToken.new(os.urandom)
    new = old.successor(text, id=id, now=NOW, expires_at=None)
    assert new == ApiKeyFactory.build(
        id=id, owner_id=old.owner_id, name=old.name, scopes=old.scopes, text=text, created_at=NOW
    )


@pytest.mark.parametrize(
    ("created", "end", "successor_end"),
    [
        (NOW - timedelta(days=80), NOW + timedelta(days=10), NOW + timedelta(days=90)),
        (NOW, NOW + MICROSECOND, NOW + MICROSECOND),
        (NOW - timedelta(days=80), None, None),
        (NOW - timedelta(days=80), LAST - MICROSECOND, LAST),
    ],
    ids=["days", "shortest", "never", "maximum-time"],
)
def test_successor_has_the_lifetime_of_its_predecessor_by_default(
    text: ApiKeyToken, created: datetime, end: datetime | None, successor_end: datetime | None
) -> None:
    old = ApiKeyFactory.build(created_at=created, expires_at=end)
    new = old.successor(text, id=uuid7(), now=NOW, expires_at=Lifetime.AS_BEFORE)
    assert (new.created_at, new.expires_at) == (NOW, successor_end)


EXPIRIES = [None, LAST, LAST - MICROSECOND, NOW + timedelta(days=90), NOW + MICROSECOND]


@pytest.mark.parametrize("wanted", [Lifetime.AS_BEFORE, *EXPIRIES], ids=str)
@pytest.mark.parametrize("roller_ends", [*EXPIRIES, "itself"], ids=str)
@pytest.mark.parametrize("cut", [False, True], ids=["active", "in-overlap"])
@pytest.mark.parametrize("old_ends", EXPIRIES, ids=str)
def test_successor_outlives_neither_predecessor_nor_roller(
    text: ApiKeyToken, old_ends: datetime | None, cut: bool, roller_ends: Any, wanted: Any
) -> None:
    old = ApiKeyFactory.build(expires_at=old_ends)
    before = old_ends
    if cut:
        old = old.expire(NOW + MICROSECOND)
        # ``LAST`` as the original expiry stands for a key that never expires.
        before = LAST - MICROSECOND if old_ends == LAST else old_ends
    roller = old if roller_ends == "itself" else ApiKeyFactory.build(expires_at=roller_ends)
    bounds = [end for end in (before, None if roller is old else roller.expires_at) if end is not None]
    allowed = min(bounds, default=None)
    if isinstance(wanted, datetime) and allowed is not None and wanted > allowed:
        with pytest.raises(Unfit) as refused:
            old.successor(text, id=uuid7(), now=NOW, expires_at=wanted, rolled_by=roller)
        assert refused.value.violations[0].code in {"outlives_maker", "outlives_predecessor"}
        return
    new = old.successor(text, id=uuid7(), now=NOW, expires_at=wanted, rolled_by=roller)
    assert new.expires_at == (wanted if isinstance(wanted, datetime) else allowed)
    assert old.successor(text, id=uuid7(), now=NOW, expires_at=Lifetime.AS_BEFORE).expires_at == before


@pytest.mark.parametrize("inactive", [{"revoked_at": NOW}, {"expires_at": NOW}], ids=["revoked", "expired"])
def test_inactive_key_has_no_successor(text: ApiKeyToken, inactive: dict[str, Any]) -> None:
    with pytest.raises(Conflict) as refused:
        ApiKeyFactory.build(**inactive).successor(text, id=uuid7(), now=NOW, expires_at=None)
    assert refused.value.code == "key_ended"


def test_expiry_can_only_become_earlier(text: ApiKeyToken) -> None:
    key = ApiKeyFactory.build(text=text).expire(NOW)
    assert (key.expires_at, key.version, key.original_expires_at) == (NOW, 2, LAST)
    assert key.expire(NOW) is key
    assert key.expire(NOW + MICROSECOND) is key
    sooner = key.expire(NOW - MICROSECOND)
    assert (sooner.expires_at, sooner.original_expires_at) == (NOW - MICROSECOND, LAST)
    revoked = ApiKeyFactory.build(revoked_at=NOW)
    assert revoked.expire(NOW) is revoked


def test_new_key_has_the_given_fields(text: ApiKeyToken) -> None:
    id, owner_id = uuid7(), new_owner_id()
    key = ApiKey.create(
        text,
        id=id,
        owner_id=owner_id,
        now=NOW,
        name=" CI ",
        scopes=[Scope.SIMULATIONS_READ, Scope.SIMULATIONS_READ],
        expires_at=NOW + MICROSECOND,
        created_by="operator:ada",
    )
    assert key == ApiKey(
        id=id,
        owner_id=owner_id,
        created_by="operator:ada",
        name="CI",
        public_id=text.public_id,
        digest=text.digest(),
        scopes=frozenset({Scope.SIMULATIONS_READ}),
        created_at=NOW,
        expires_at=NOW + MICROSECOND,
    )
    assert key.prefix == f"gf_{text.public_id}"


@pytest.mark.parametrize(
    ("fields", "violation"),
    [
        pytest.param({"name": " "}, ("name", "too_short"), id="blank-name"),
        pytest.param({"name": "x" * 101}, ("name", "too_long"), id="long-name"),
        pytest.param({"name": "\u200b"}, ("name", "invisible"), id="invisible-name"),
        pytest.param({"name": "a\rb"}, ("name", "control_characters"), id="control-characters"),
        pytest.param({"scopes": []}, ("scopes", "too_short"), id="no-scope"),
        pytest.param({"created_by": ""}, ("created_by", "malformed"), id="no-creator"),
        pytest.param({"created_by": "operator:a\x1b[2J"}, ("created_by", "malformed"), id="creator-with-escapes"),
        pytest.param({"created_by": "operator:" + "x" * 192}, ("created_by", "malformed"), id="long-creator"),
        pytest.param({"expires_at": NOW}, ("expires_at", "in_the_past"), id="expired-now"),
        pytest.param({"expires_at": NOW - timedelta(days=1)}, ("expires_at", "in_the_past"), id="expired"),
    ],
)
def test_invalid_key_is_refused(text: ApiKeyToken, fields: dict[str, Any], violation: tuple[str, str]) -> None:
    given: dict[str, Any] = {"name": "CI", "scopes": [Scope.KEYS_MANAGE], **fields}
    with pytest.raises(Invalid) as refused:
        ApiKey.create(text, id=uuid7(), owner_id=new_owner_id(), now=NOW, **given)
    assert [(violation.field, violation.code) for violation in refused.value.violations] == [violation]


def test_missing_scope_is_named() -> None:
    require_scopes(frozenset({Scope.KEYS_MANAGE}), [])
    require_scopes(frozenset(Scope), list(Scope))
    with pytest.raises(Denied) as refused:
        require_scopes(frozenset({Scope.SIMULATIONS_READ}), [Scope.SIMULATIONS_READ, Scope.KEYS_MANAGE])
    assert refused.value.code == "missing_scope"
    assert "keys:manage" in refused.value.detail
    assert "simulations:read" not in refused.value.detail
