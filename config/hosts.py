"""Host names and origins in the form in which browsers send them; errors say which form that is."""

import re
import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

NAME_MAX, LABEL_MAX = 253, 63  # characters of a host name and of a label of it (RFC 1035)
DEFAULT_PORTS = {"http": 80, "https": 443}
PORT_MAX = 65535
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_WILDCARD = re.compile(r"(?:^\*|\*\.)([^*.]+\.[^*]+)$")  # and the domain of two labels or more that follows it
_PORT = re.compile(r"(.*):([0-9*]*)")
_ZONE = re.compile(r"(\[?[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)%[^\]]*(\]?)")
_SCHEME = re.compile(r"(?:(https?)(?::/*|/+)|[/\\]{2,})", re.IGNORECASE)  # however the :// is written
_USER = re.compile(r"[^/]*@")
_SAME_IN_URLS = {"capital letters", "the address in another form", "a trailing slash", "the default port"}
"""What means the same in a URL, and is never in an origin as browsers send it."""


def canonical_host(text: str) -> str | None:
    """A host name or address as browsers send it, in lower case, IPv6 in brackets; None if they cannot send it."""
    name = text.lower()
    if name.startswith("[") and name.endswith("]"):
        with suppress(ValueError):
            address = IPv6Address(name[1:-1])
            return None if address.scope_id else f"[{address}]"
        return None
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):  # browsers take it for an IPv4 address
        with suppress(ValueError):
            return str(IPv4Address(name))
        return None
    valid = all(len(label) <= LABEL_MAX and _LABEL.fullmatch(label) for label in labels)
    return name if valid and len(name) <= NAME_MAX else None


def canonical_pattern(text: str) -> str:
    """An allowed host: ``*`` for all, ``.example.com`` for it and its subdomains, ``*.example.com`` for those alone.

    Raises ``ValueError``.
    """
    if text == "*":
        return text
    scheme, user, rest, port, path = _take_apart(_with_slashes(text))
    found = {"a scheme": scheme, "a user name": user, "a port": port, "a path": path}
    reasons = [name for name, part in found.items() if part is not None]
    prefix = next((each for each in ("*.", ".") if rest.startswith(each)), "")
    name = rest.removeprefix(prefix)
    host, more = _repaired(name)
    reasons += more
    if prefix and host and _is_address(host):
        prefix = ""
        reasons.append("addresses have no subdomains")
    elif (below := _WILDCARD.search(name)) and canonical_host(below[1]):
        prefix, host = "*.", canonical_host(below[1])
    if host is None or reasons:
        raise ValueError(_fault(text, reasons, host and prefix + host))
    return prefix + host


def canonical_origin(text: str) -> str:
    """An origin, which has to be given as browsers send it. Raises ``ValueError``."""
    origin, reasons = _split_origin(text)
    if origin is None or reasons:
        raise ValueError(_fault(text, reasons, origin))
    return origin


def canonical_url(text: str) -> str:
    """The URL of a whole site, as its origin. Raises ``ValueError``."""
    origin, reasons = _split_origin(text)
    reasons = [each for each in reasons if each not in _SAME_IN_URLS]
    if origin is None or reasons:
        raise ValueError(_fault(text, reasons, origin))
    return origin


def _fault(text: str, reasons: list[str], would_match: str | None) -> str:
    shown = _USER.sub("***@", text)  # a password may be in it
    return f"got {shown!r} ({', '.join(reasons)})" + (f": write {would_match}" if would_match else "")


def _is_address(host: str) -> bool:
    return host.startswith("[") or bool(_NUMBER.fullmatch(host.rpartition(".")[2]))


class _Parts(NamedTuple):
    """What may be a URL; a part that it lacks is None, but for the host, which is then empty."""

    scheme: str | None
    user: str | None
    host: str
    port: str | None
    path: str | None


def _take_apart(text: str) -> _Parts:
    scheme, has_scheme, rest = text.rpartition("://")
    authority, path = re.split(r"(?=[/?#\\])|$", rest, maxsplit=1)
    user, has_user, host = authority.rpartition("@")
    port = _PORT.fullmatch(host)
    if port and ":" in port[1] and not port[1].endswith("]"):  # an IPv6 address without brackets
        port = None
    return _Parts(
        scheme if has_scheme else None, user if has_user else None, port[1] if port else host,
        port[2] if port else None, path or None,
    )  # fmt: skip


def _with_slashes(text: str) -> str:
    """The text with the :// of a URL, if it begins with something like https:host, https//host or //host."""
    found = _SCHEME.match(text)
    return f"{found[1] or 'https'}://{text[found.end() :]}" if found else text


def _split_origin(text: str) -> tuple[str | None, list[str]]:
    """The origin that is meant, if that is known, and why browsers would not send this text."""
    if text == "null":
        return None, ["pages of any site can send it"]
    if "*" in text:
        return None, ["no part of an origin can be a wildcard"]
    if text.count("://") > 1:
        return None, ["several in one"]
    if (mended := _with_slashes(text)) != text:
        meant, _ = _split_origin(mended)
        return meant, ["no scheme with ://"]
    scheme, user, name, port, path = _take_apart(text)
    reasons = ["a user name"] if user is not None else []
    if scheme is None:
        reasons.append("no scheme")
    elif scheme.lower() not in DEFAULT_PORTS:
        return None, [f"the scheme must be {' or '.join(DEFAULT_PORTS)}"]
    if path is not None:
        reasons.append("a trailing slash" if path == "/" else "a path")
    host, more = _repaired(name)
    scheme = (scheme or "https").lower()
    number, even_more = _port(scheme, port)
    reasons += more + even_more
    origin = f"{scheme}://{host}{number}" if host is not None and number is not None else None
    if not reasons and text != origin:
        reasons = ["capital letters" if text.lower() == origin else "the address in another form"]
    return origin, reasons


def _port(scheme: str, text: str | None) -> tuple[str | None, list[str]]:
    """The port of an origin, with its colon, and what is wrong with it."""
    if text is None:
        return "", []
    if not text.isdecimal() or not 0 < int(text) <= PORT_MAX:
        return None, ["no valid port"]
    if int(text) == DEFAULT_PORTS[scheme]:
        return "", ["the default port"]
    return f":{int(text)}", [] if text == str(int(text)) else ["a port that begins with 0"]


def _repaired(name: str) -> tuple[str | None, list[str]]:
    """The host that is meant, if that is known, and what is wrong with this one."""
    reasons = []
    if found := _ZONE.fullmatch(name):  # a network of one machine's, which clients leave out
        name = found[1] + found[2]
        reasons.append("an IPv6 address with a zone")
    if ":" in name and (address := canonical_host(f"[{name}]")):
        return address, [*reasons, "an IPv6 address without brackets"]
    if name != name.rstrip("."):
        name = name.rstrip(".")
        reasons.append("a trailing dot")
    if not name.isascii():
        reasons.append("not ASCII")
        name = _to_ascii(name)
    host = canonical_host(name)
    if host is None:
        host, reason = _explained(name.lower())
        reasons.append(reason)
    return host, reasons


def _to_ascii(name: str) -> str:
    import idna  # noqa: PLC0415 -- its tables take a moment to load, and are hardly ever needed

    with suppress(idna.IDNAError):
        return idna.encode(name, uts46=True).decode("ascii")
    with suppress(idna.IDNAError):  # of symbols, which registries refuse and browsers do not
        labels = idna.uts46_remap(name).split(".")
        return ".".join(each if each.isascii() else f"xn--{each.encode('punycode').decode()}" for each in labels)
    return name


def _explained(name: str) -> tuple[str | None, str]:
    """What is wrong with a name that is no host, and the host that is meant, if that is known."""
    labels = name.split(".")
    is_number = bool(_NUMBER.fullmatch(labels[-1]))
    if is_number:
        with suppress(OSError, UnicodeError):
            return socket.inet_ntoa(socket.inet_aton(name)), "browsers write the address in full"
    faults = {
        "no host": not name,
        "no valid port": name.count(":") == 1 and not name.startswith("["),
        "no IPv6 address": name.startswith("[") or ":" in name,
        "hosts are separated by commas": bool(re.search(r"[\s;|]", name)),
        "a wildcard can only be the first label, like *.example.com": "*" in name,
        "host names have no underscores": "_" in name,
        "no IPv4 address": is_number,
        "an empty label": "" in labels,
        f"a label of more than {LABEL_MAX} characters": any(len(label) > LABEL_MAX for label in labels),
        f"more than {NAME_MAX} characters": len(name) > NAME_MAX,
    }
    others = "host names have letters, digits and inner hyphens only"
    return None, next((fault for fault, found in faults.items() if found), others)
