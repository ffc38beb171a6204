"""Reads the path, headers and body of a request, and finds what is invalid whatever is stored."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NoReturn

from goatfish.testing.problems import Fault, Refusal, at

JSON = frozenset({"application/json"})
PATCH = JSON | {"application/merge-patch+json"}
HEADERS_MAX, BODY_MAX, BATCH_MAX = 32 << 10, 1 << 20, 4 << 20
_VALUES_MAX, _BATCH_VALUES_MAX, _DEPTH_MAX, _DIGITS_MAX = 2000, 400_000, 64, 400
_WORD = r"[-!#$%&'*+.^_`|~0-9A-Za-z]+"
_MEDIA_TYPE = re.compile(rf'({_WORD}/{_WORD})[ \t]*((?:;[ \t]*(?:{_WORD}=(?:{_WORD}|"(?:[^"\\]|\\.)*")[ \t]*)?)*)')
_CHARSET = re.compile(r';[ \t]*charset(?:\*[^=]*)?="?([^";]*)"?', re.IGNORECASE)
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"(?:[ \t]*,)*[ \t]*{_TAG}[ \t]*(?:,[ \t]*(?:{_TAG}[ \t]*)?)*")
_SECRET = re.compile(r"gf_[0-9A-Za-z]+_[0-9A-Za-z]+", re.IGNORECASE)
Headers = Sequence[tuple[str, str]]


class Heads(dict[str, str]):
    """Headers by their names in lower case; several lines of one name are one list."""

    def __init__(self, headers: Headers) -> None:
        super().__init__()
        for name, value in headers:
            known = self.get(name.lower())
            self[name.lower()] = value if known is None else f"{known}, {value}"


def request_id(headers: Mapping[str, str]) -> str:
    """The request's own id; empty where it has none of the form that is accepted."""
    sent = headers.get("x-request-id", "")
    return sent if re.fullmatch("[A-Za-z0-9._-]{1,128}", sent) and not _SECRET.search(sent) else ""


def key_text(headers: Mapping[str, str]) -> str | None:
    """The key that is presented; None where there is none, empty where there are several or none that could be one."""
    tokens = {each.strip() for each in headers["x-api-key"].split(",")} if "x-api-key" in headers else set()
    for credentials in headers["authorization"].split(",") if "authorization" in headers else ():
        scheme, _, token = credentials.strip().partition(" ")
        tokens.add(token.strip() if scheme.lower() == "bearer" else "")
    if not tokens:
        return None
    return tokens.pop() if len(tokens) == 1 else ""


def read_json(headers: Mapping[str, str], body: bytes, media_types: Collection[str], *, many: bool = False) -> Any:
    """The body as JSON. Raises ``Refusal`` (413, 415, 422, 400)."""
    most = BATCH_MAX if many else BODY_MAX
    length = headers.get("content-length", "0")
    if not (length.isdigit() and int(length) <= most) or len(body) > most:
        raise Refusal("body_too_large")
    _require_media_type(headers, media_types)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Refusal("malformed_json") from None
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", text, flags=re.DOTALL)
    if sum(map(outside.count, ",[{")) > (_BATCH_VALUES_MAX if many else _VALUES_MAX):
        raise _unacceptable("too_many_values", "The body holds too many values.")
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Refusal("malformed_json", f"The body is not JSON: {error.msg} at character {error.pos}.") from None
    except RecursionError:
        raise _unacceptable("too_deep", "The body is nested too deeply.") from None
    repeated: list[tuple[Any, ...]] = []
    value = _plain(value, (), repeated)
    if repeated:
        pointers = sorted(at(path, "duplicate_member", "")["pointer"] for path in repeated)
        raise _unacceptable("duplicate_member", "The member is given more than once.", *pointers)
    return value


def _require_media_type(headers: Mapping[str, str], media_types: Collection[str]) -> None:
    given = headers.get("content-type", "")
    parts = _MEDIA_TYPE.fullmatch(given)
    if "content-encoding" in headers or parts is None or "," in given or parts[1].lower() not in media_types:
        raise Refusal("unsupported_media_type")
    if any(each.lower() not in {"utf-8", "utf8"} for each in _CHARSET.findall(parts[2])):
        raise Refusal("unsupported_media_type")


class _Pairs(list[tuple[str, Any]]):
    """The members of an object, with those that are repeated."""


def _no_constant(name: str) -> NoReturn:
    raise Refusal("malformed_json", f"The body is not JSON: {name} is no JSON number.")


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS_MAX:
        raise _unacceptable("number_too_large", "The body holds a number of too many digits.")
    return int(digits)


_DECODER = json.JSONDecoder(object_pairs_hook=_Pairs, parse_constant=_no_constant, parse_int=_integer)


def _plain(value: Any, path: tuple[Any, ...], repeated: list[tuple[Any, ...]]) -> Any:
    """The value with dictionaries for objects; adds the paths of members that are repeated."""
    if isinstance(value, list) and len(path) >= _DEPTH_MAX:
        raise _unacceptable("too_deep", "The body is nested too deeply.")
    if isinstance(value, _Pairs):
        known: dict[str, Any] = {}
        for name, member in value:
            if name in known and (*path, name) not in repeated:
                repeated.append((*path, name))
            known[name] = _plain(member, (*path, name), repeated)
        return known
    return (
        [_plain(each, (*path, place), repeated) for place, each in enumerate(value)] if type(value) is list else value
    )


def _unacceptable(code: str, detail: str, *pointers: str) -> Refusal:
    errors = [{"pointer": each, "code": code, "detail": detail} for each in pointers or ["#"]]
    return Refusal("validation_failed", detail, errors)


def fingerprint(*values: Any) -> str:
    """JSON that is the same for equal values: members in order, and 12.0 written as 12."""

    def whole(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: whole(member) for name, member in value.items()}
        if isinstance(value, list):
            return [whole(each) for each in value]
        return int(value) if isinstance(value, float) and value.is_integer() else value

    return json.dumps(whole(list(values)), sort_keys=True)


class Conditions:
    """``If-Match`` and ``If-None-Match`` of a request; ``faults`` is what is wrong with them."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.faults: list[Fault] = []
        self.wanted, self.unwanted = (self._tags(headers, name) for name in ("If-Match", "If-None-Match"))
        self.unwanted = [tag.removeprefix("W/") for tag in self.unwanted]
        self.faults = self.faults[:1]

    def _tags(self, headers: Mapping[str, str], name: str) -> list[str]:
        text = headers.get(name.lower())
        if text is None or text.strip(" \t") == "*":
            return [] if text is None else ["*"]
        if not _TAGS.fullmatch(text.strip(" \t")):
            detail = "This is not a list of entity tags."
            self.faults.append({"header": name, "code": "entity_tag", "detail": detail})
        return re.findall(_TAG, text)

    def check(self, tag: str | None) -> None:
        """Raises ``Refusal`` (412) unless an object with this tag, or none where it is None, is as demanded."""
        if self.wanted and (tag is None or not {"*", tag} & {*self.wanted}):
            raise Refusal("precondition_failed", "The object has changed: it has another entity tag.")
        if tag is not None and {"*", tag} & {*self.unwanted}:
            raise Refusal("precondition_failed", "The object has an entity tag that If-None-Match rules out.")

    def check_list(self) -> None:
        """The same for a list, which exists and has no tag."""
        if self.wanted and "*" not in self.wanted:
            raise Refusal("precondition_failed", "A list has no entity tag, so no tag in If-Match is its own.")
        if "*" in self.unwanted:
            raise Refusal("precondition_failed", "The list exists, so If-None-Match with * does not hold.")


def idempotency_key(headers: Mapping[str, str]) -> tuple[str | None, list[Fault]]:
    """The key of a request that may be repeated, and what is wrong with it."""
    text = headers.get("idempotency-key")
    if text is None:
        return None, []
    key = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
    if re.fullmatch(r"[\x21-\x7e]{1,255}", key) and not _SECRET.search(key):
        return key, []
    detail = "An idempotency key is 1 to 255 visible ASCII characters, and not an API key."
    return None, [{"header": "Idempotency-Key", "code": "idempotency_key", "detail": detail}]
