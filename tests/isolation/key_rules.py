"""What owners do with keys of their own: they make, read, roll and end them, and ask who they are."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from domain.access.scopes import Scope
from tests.contracts.resources import Json
from tests.contracts.tags import key_tag
from tests.isolation.byte_client import Answer
from tests.isolation.list_rules import ListRules, plain
from tests.isolation.model import Key, Owner, moment
from tests.isolation.resource_rules import IDEMPOTENCY_KEYS
from tests.isolation.tenants import PICK, WHO

KEYS_MAX = 8  # of an owner that still open, but for those that an idempotency key makes
OVERLAP = timedelta(hours=1)
SCOPES = [*([scope.value] for scope in Scope), sorted([Scope.KEYS_MANAGE.value, next(iter(Scope)).value])]


class KeyRules(ListRules):
    """Keys. The first of each owner may do everything and is never ended."""

    def _own_key(self, owner: Owner, pick: int) -> Key:
        return [*owner.keys, *owner.ended][pick % (len(owner.keys) + len(owner.ended))]

    @rule(who=WHO, pick=PICK, idempotency_key=IDEMPOTENCY_KEYS)
    def create_key(self, who: int, pick: int, idempotency_key: str | None) -> None:
        owner, operation = self.owners[who], "create_key"
        if len(owner.keys) >= KEYS_MAX:
            idempotency_key = idempotency_key or "shared-1"
        key = self.able(owner, operation, 0) if idempotency_key else self.key_of(owner, pick)
        body: Json = {"name": f"{owner.marker} {pick % 3}", "scopes": SCOPES[pick // 8 % len(SCOPES)]}
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        answer = self.ask(owner, key, operation, headers=headers, body=body)
        known = owner.idempotency_records.get((operation, idempotency_key or ""))
        if "keys:manage" not in key.scopes or not set(body["scopes"]) <= key.scopes:
            self.is_refused(answer, 403, "missing_scope")
        elif known is None:
            made = self._is_new_key(owner, answer, key, body)
            # For a moment the service believes of a key in use what it was before it was rolled.
            assert made.end in {key.end, None if key.life is None else moment(key.shown["created_at"]) + key.life}
            if idempotency_key:
                owner.idempotency_records[operation, idempotency_key] = (body, answer.json | {"key": None})
        elif known[0] != body:
            self.is_refused(answer, 422, "idempotency_key_reused")
        else:
            self.is_shown(answer, 201, known[1], key_tag(1))
            assert answer.header("idempotency-replayed") == "true"

    def _is_new_key(self, owner: Owner, answer: Answer, by: Key, members: Json) -> Key:
        assert answer.status == 201, answer
        shown: dict[str, Any] = dict(answer.json)
        text = shown.pop("key")
        assert plain(shown).items() >= {**members, "created_by": f"key:{by.id}"}.items(), answer
        assert answer.header("location") == f"/api/v1/keys/{shown['id']}"
        assert text.startswith(f"{shown['prefix']}_")
        made = Key(plain(shown), text)
        owner.holds(made)
        owner.log.append(None)
        return made

    @rule(who=WHO, pick=PICK)
    def get_key(self, who: int, pick: int) -> None:
        owner = self.owners[who]
        wanted, key = self._own_key(owner, pick), self.key_of(owner, pick // 16)
        answer = self.ask(owner, key, "get_key", id=wanted.id)
        if "keys:manage" not in key.scopes:
            self.is_refused(answer, 403, "missing_scope")
        else:
            assert (answer.status, plain(answer.json)) == (200, wanted.shown), answer

    @rule(who=WHO, pick=PICK, condition=st.sampled_from([None, None, "*", '"999"']))
    def revoke_key(self, who: int, pick: int, condition: str | None) -> None:
        owner = self.owners[who]
        wanted, key = self._own_key(owner, pick), self.key_of(owner, pick // 16)
        if wanted is owner.keys[0]:
            wanted = key  # which refuses to end itself
        headers = {"If-Match": condition} if condition else {}
        answer = self.ask(owner, key, "revoke_key", id=wanted.id, headers=headers)
        if "keys:manage" not in key.scopes:
            self.is_refused(answer, 403, "missing_scope")
        elif condition == '"999"':
            self.is_refused(answer, 412, "precondition_failed")
        elif wanted is key:
            self.is_refused(answer, 409, "key_in_use")
        else:
            assert (answer.status, answer.body) == (204, b"")
            if wanted in owner.keys:
                again = self.ask(owner, owner.keys[0], "get_key", id=wanted.id)
                wanted.shown["revoked_at"] = again.json["revoked_at"]
                assert plain(again.json) == wanted.shown
                assert moment(wanted.shown["revoked_at"]) > moment(wanted.shown["created_at"])
                owner.keys.remove(wanted)
                owner.ended.append(wanted)
                owner.log.append(None)

    @rule(who=WHO, pick=PICK)
    def roll_key(self, who: int, pick: int) -> None:
        owner = self.owners[who]
        old, key = self._own_key(owner, pick), self.key_of(owner, pick // 16)
        if len(owner.keys) >= KEYS_MAX:
            old = (owner.ended or [old])[0]
        body = {"overlap_seconds": int(OVERLAP.total_seconds())}
        answer = self.ask(owner, key, "roll_key", id=old.id, body=body)
        if "keys:manage" not in key.scopes or not old.scopes <= key.scopes:
            self.is_refused(answer, 403, "missing_scope")
        elif old in owner.ended:
            self.is_refused(answer, 409, "key_ended")
        else:
            new = self._is_new_key(owner, answer, key, {"name": old.shown["name"], "scopes": old.shown["scopes"]})
            if new.life != old.life:
                assert key is not old
                assert new.end == key.end
                assert old.life is None or (new.life is not None and new.life < old.life)
            end = moment(new.shown["created_at"]) + OVERLAP
            if old.shown["expires_at"] is None or moment(old.shown["expires_at"]) > end:
                old.shown["expires_at"] = end.isoformat().replace("+00:00", "Z")
                owner.log.append(None)

    @rule(who=WHO, pick=PICK)
    def whoami(self, who: int, pick: int) -> None:
        owner = self.owners[who]
        key = self.key_of(owner, pick)
        answer = self.ask(owner, key, "whoami")
        assert answer.status == 200, answer
        shown = answer.json
        assert shown.pop("owner") == {"id": owner.id, "name": owner.name}
        # For a moment the service believes of a key in use what it was before it was rolled.
        end, stored = shown["expires_at"], key.shown["expires_at"]
        assert end == stored or (stored and (end is None or moment(end) > moment(stored)))
        assert plain(shown.pop("key")) == key.shown | {"expires_at": end}
        assert shown == {"scopes": key.shown["scopes"], "expires_at": end}

    @rule(who=WHO, pick=PICK)
    def ask_with_a_key_that_has_ended(self, who: int, pick: int) -> None:
        owner = self.owners[who]
        if not owner.ended:
            self.revoke_key(who, 1, None)
        if owner.ended:
            answer = self.ask(owner, owner.ended[pick % len(owner.ended)], "whoami")
            assert answer.status in {200, 401}, answer  # what was looked up a moment ago is still believed
