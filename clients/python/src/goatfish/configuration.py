"""The service's URL and the API key: from arguments, the environment, or the user's configuration file.

Arguments come before ``GOATFISH_URL`` and ``GOATFISH_KEY``, and these before ``goatfish.toml`` in ``$XDG_CONFIG_HOME``
or ``~/.config``. A key in the file is used for the URL in the file alone.
"""

from __future__ import annotations

import json
import logging
import os
import re
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from goatfish.errors import ConfigurationError
from goatfish.files import replace_file

log = logging.getLogger("goatfish")
_warned: set[str] = set()


@dataclass(frozen=True)
class Configuration:
    """The URL of the service, without a slash at its end, and the key."""

    url: str
    key: str = field(repr=False)


def path(environment: Mapping[str, str] = os.environ) -> Path:
    """The file that ``gf login`` writes."""
    home = environment.get("XDG_CONFIG_HOME", "")
    folder = Path(home) if Path(home).is_absolute() else Path(os.path.expanduser("~/.config"))  # noqa: PTH111 -- never raises
    return folder / "goatfish.toml"


def load(url: str | None = None, key: str | None = None, environment: Mapping[str, str] = os.environ) -> Configuration:
    """Finds the URL and the key. Raises ``ConfigurationError`` where one is missing or is none."""
    url = _checked_url(url, "the argument url") if url is not None else None
    key = _checked_key(key, "the argument key") if key is not None else None
    if url is None and environment.get("GOATFISH_URL", "").strip():
        url = _checked_url(environment["GOATFISH_URL"], "GOATFISH_URL")
    if key is None and environment.get("GOATFISH_KEY", "").strip():
        key = _checked_key(environment["GOATFISH_KEY"], "GOATFISH_KEY")
    if url is None or key is None:
        url, key = _completed(url, key, path(environment))
    _warn_of_plain_http(url)
    return Configuration(url, key)


def save(url: str, key: str, file: Path | None = None) -> Path:
    """Writes both to the file, which only its owner can read; returns its path.

    Raises ``ConfigurationError`` where one is none, or there is no home.
    """
    url, key = _checked_url(url, "the URL"), _checked_key(key, "the key")
    file = path() if file is None else file
    if file.parts[:1] == ("~",):
        raise ConfigurationError(f"There is no home to write {file.name} to: set HOME or XDG_CONFIG_HOME.")
    file = Path(os.path.realpath(file))  # where it is a link, what it leads to is replaced
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(file, f"url = {json.dumps(url)}\nkey = {json.dumps(key)}\n")
    return file


def _completed(url: str | None, key: str | None, file: Path) -> tuple[str, str]:
    """What is missing, from the file."""
    values = _read(file)
    filed = _checked_url(values["url"], f"url in {file}") if "url" in values else None
    if url is None:
        url = filed
    if url is None:
        raise ConfigurationError(
            f"The URL of the service is missing: give Client(url=…), set GOATFISH_URL, or run gf login ({file})."
        )
    if key is None and "key" in values:
        if filed is not None and filed != url:
            raise ConfigurationError(f"The key in {file} is for {filed}, not for {url}: set GOATFISH_KEY as well.")
        _refuse_readable(file)
        key = _checked_key(values["key"], f"key in {file}")
    if key is None:
        raise ConfigurationError(
            f"The API key is missing: give Client(key=…), set GOATFISH_KEY, or run gf login ({file})."
        )
    return url, key


def _read(file: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):  # imported here: most often nothing is missing
        import tomllib  # noqa: PLC0415 -- only where there is a file
    else:
        import tomli as tomllib  # noqa: PLC0415 -- before Python 3.11
    try:
        values: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"{file} cannot be read: {reason}.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file} is not valid TOML: {error}.") from None
    return values


def _refuse_readable(file: Path) -> None:
    if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise ConfigurationError(f"{file} holds a key and others can read it: chmod 600 {file}")


def _checked_key(key: Any, source: str) -> str:
    """The key without blanks around it. What is wrong with it is said without showing it."""
    if not isinstance(key, str):
        raise ConfigurationError(f"{source} is no text.")
    text: str = key.strip()
    if not re.fullmatch(r"[!-~]+", text):
        raise ConfigurationError(f"{source} is no API key: it is empty, or has blanks or characters that no key has.")
    return text


def _checked_url(url: Any, source: str) -> str:
    """The URL without a slash at its end. Raises ``ConfigurationError`` for what is none."""
    if not isinstance(url, str):
        raise ConfigurationError(f"{source} is no text.")
    url = url.strip()
    shown = re.sub(r"//[^/@]*@", "//…@", url)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigurationError(f"{source} is no URL: {error}.") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise ConfigurationError(f"{source} is no URL like https://goatfish.example: {shown!r}")
    if "@" in parts.netloc:
        raise ConfigurationError(f"{source} has a user or a password; a URL without them is needed: {shown!r}")
    if "?" in url or "#" in url:
        raise ConfigurationError(f"{source} has a query or a fragment; a URL without them is needed: {shown!r}")
    if port == 0 or "\\" in url or any(character <= " " or character == "\x7f" for character in url):
        raise ConfigurationError(f"{source} is no URL like https://goatfish.example: {shown!r}")
    prefix = parts.path.rstrip("/")
    if prefix.endswith("/api/v1"):
        prefix = prefix[: -len("/api/v1")].rstrip("/")
    return f"{parts.scheme}://{parts.netloc.lower()}{prefix}"


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _warn_of_plain_http(url: str) -> None:
    if url.startswith("http:") and not is_loopback(url) and url not in _warned:
        _warned.add(url)
        log.warning("The key is sent to %s without encryption: use https.", url)
