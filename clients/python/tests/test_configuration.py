"""Where the URL and the key come from, and what is refused."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from typing import Any

import pytest

import goatfish
from goatfish import configuration

URL, KEY = "https://goatfish.example", "gf_public.secret"


@pytest.fixture
def file(home: Path) -> Path:
    """The configuration file, which has another URL and key."""
    return configuration.save("https://filed.example", "gf_filed")


def write(file: Path, text: str, mode: int = 0o600) -> None:
    file.write_text(text)
    file.chmod(mode)


def test_arguments_come_before_the_environment_and_that_before_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(url: str | None = None, key: str | None = None) -> tuple[str, str]:
        configured = configuration.load(url, key)
        return configured.url, configured.key

    assert found() == ("https://filed.example", "gf_filed")
    assert found(key=KEY) == ("https://filed.example", KEY)
    monkeypatch.setenv("GOATFISH_URL", "https://named.example/")
    monkeypatch.setenv("GOATFISH_KEY", " gf_named\n")
    assert found() == ("https://named.example", "gf_named")
    assert found(url=URL) == (URL, "gf_named")
    assert found(URL, KEY) == (URL, KEY)
    monkeypatch.setenv("GOATFISH_URL", "")
    assert found() == ("https://filed.example", "gf_named")


def test_the_key_of_the_file_goes_to_the_url_of_the_file_alone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOATFISH_URL", "https://FILED.example/")
    assert configuration.load().key == "gf_filed"
    monkeypatch.setenv("GOATFISH_URL", "https://other.example")
    with pytest.raises(
        goatfish.ConfigurationError, match=r"for https://filed\.example, not for https://other\.example"
    ):
        configuration.load()


def test_the_file_is_where_the_system_says(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert configuration.path() == home / ".config" / "goatfish.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "elsewhere"))
    assert configuration.path() == home / "elsewhere" / "goatfish.toml"
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert configuration.path() == home / ".config" / "goatfish.toml"


def test_what_is_saved_is_found_and_is_for_its_owner_alone(home: Path) -> None:
    os.umask(os.umask(0))
    file = configuration.save("http://[::1]:8000/goatfish/", 'gf_"quoted\\')
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    configured = configuration.load()
    assert (configured.url, configured.key) == ("http://[::1]:8000/goatfish", 'gf_"quoted\\')
    assert [each.name for each in file.parent.iterdir()] == ["goatfish.toml"]


def test_saving_replaces_what_others_could_read_and_follows_links(home: Path) -> None:
    kept = home / "dotfiles.toml"
    write(kept, "", 0o644)
    (home / ".config").mkdir()
    (home / ".config" / "goatfish.toml").symlink_to(kept)
    configuration.save(URL, KEY)
    assert (home / ".config" / "goatfish.toml").is_symlink()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert configuration.load().key == KEY


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(goatfish.ConfigurationError, match="chmod 600"):
        configuration.load()
    assert configuration.load(key=KEY).url == "https://filed.example"


def test_a_file_with_the_url_alone_may_be_read_by_all(file: Path) -> None:
    write(file, f'url = "{URL}"', 0o644)
    assert configuration.load(key=KEY).url == URL
    with pytest.raises(goatfish.ConfigurationError, match="key is missing"):
        configuration.load()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "URL of the service is missing"),
        ("url = ", "not valid TOML"),
        ("url = 5", "is no text"),
        (f'url = "{URL}"\nkey = 5', "is no text"),
        (f'url = "{URL}"\nkey = ""', "is no API key"),
        ('url = "goatfish.example"', "no URL like"),
        ('url = ""', "no URL like"),
    ],
)
def test_a_file_that_makes_no_sense_is_named(file: Path, text: str, said: str) -> None:
    write(file, text)
    with pytest.raises(goatfish.ConfigurationError, match=said) as caught:
        configuration.load()
    assert str(file) in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(file: Path) -> None:
    file.write_bytes(b'url = "\xff"')
    with pytest.raises(goatfish.ConfigurationError, match="not UTF-8"):
        configuration.load()
    file.unlink()
    file.mkdir()
    with pytest.raises(goatfish.ConfigurationError, match="cannot be read"):
        configuration.load()


def test_what_is_unknown_in_the_file_is_left_alone(file: Path) -> None:
    write(file, f'url = "{URL}"\nkey = "{KEY}"\nnewer = true\n[table]\n')
    assert configuration.load().key == KEY


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://localhost:8000/", "http://localhost:8000"),
        (" https://goatfish.example// \n", URL),
        ("HTTPS://Goatfish.Example", URL),
        ("https://goatfish.example/prefix/", URL + "/prefix"),
        ("https://goatfish.example/api/v1/", URL),
        ("https://goatfish.example/Prefix/api/v1", URL + "/Prefix"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://[FE80::1]/x/", "http://[fe80::1]/x"),
        ("https://gömböc.example", "https://gömböc.example"),
    ],
)
def test_urls_are_brought_into_one_form(given: str, url: str) -> None:
    assert configuration.load(given, KEY).url == url
    assert goatfish.Client(given, KEY).url == url


@pytest.mark.parametrize(
    "url",
    [
        *("", " ", "goatfish.example", "localhost:8000", "ftp://goatfish.example", "file:///etc/passwd", "https://"),
        *("https:goatfish.example", "https://:8000", "https://goatfish.example:port", "https://goatfish.example:0"),
        *("https://goatfish.example:65536", "https://[::1", "https://goatfish.example?x=1", "https://a.example/#x"),
        *(
            "https://a b.example",
            "https://a.example/a b",
            "https://a.example/\r\nX: y",
            "https://a.example\\@b.example",
        ),
        *(
            "https://user:hush@goatfish.example",
            "https://hush@goatfish.example",
            "https://a.example\x00",
            "javascript:x",
        ),
    ],
)
def test_urls_that_are_none_are_refused(url: str) -> None:
    with pytest.raises(goatfish.ConfigurationError) as caught:
        goatfish.Client(url, KEY)
    assert "hush" not in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("key", ["", " ", "gf_hush hush", "gf_hush\nX: y", "gf_hüsh", "gf_hush\x00", "gf_hush\x7f"])
def test_keys_that_are_none_are_refused_without_being_shown(key: str) -> None:
    with pytest.raises(goatfish.ConfigurationError) as caught:
        goatfish.Client(URL, key)
    assert "hush" not in str(caught.value)
    assert "hüsh" not in str(caught.value)


@pytest.mark.parametrize("value", [5, b"gf_key", ["x"]])
def test_other_types_are_refused(value: Any) -> None:
    for arguments in ((value, KEY), (URL, value)):
        with pytest.raises(goatfish.ConfigurationError):
            goatfish.Client(*arguments)


def test_the_key_is_in_no_representation() -> None:
    client = goatfish.Client(URL, KEY)
    shown = [repr(client), repr(configuration.load(URL, KEY)), str(vars(client)), repr(client.runs)]
    assert not [each for each in shown if "secret" in each]
    assert repr(client) == "Client('https://goatfish.example')"


def test_plain_http_to_another_host_is_warned_of_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configuration, "_warned", set())
    with caplog.at_level(logging.WARNING, "goatfish"):
        for url in ("http://localhost:8000", "http://127.0.0.2", "http://[::1]", "http://a.localhost", URL):
            goatfish.Client(url, KEY)
        assert caplog.records == []
        for _ in range(2):
            goatfish.Client("http://goatfish.example", KEY)
    (record,) = caplog.records
    assert "without encryption" in record.getMessage()
    assert KEY not in record.getMessage()


@pytest.mark.parametrize(
    ("name", "value"),
    [("HTTPS_PROXY", "ftp://127.0.0.1"), ("SSL_CERT_FILE", "/nowhere"), ("ALL_PROXY", "socks5://127.0.0.1")],
)
def test_connections_that_cannot_be_set_up_are_a_matter_of_configuration(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with (
        goatfish.Client("https://127.0.0.1:1", KEY, max_retries=0) as client,
        pytest.raises(goatfish.ConfigurationError) as caught,
    ):
        client.me()
    assert ("set up with SSL_CERT_FILE=/nowhere" in str(caught.value)) == (name == "SSL_CERT_FILE")


def test_without_a_home_the_message_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "expanduser", lambda _: (_ for _ in ()).throw(RuntimeError("no home")))
    with pytest.raises(goatfish.ConfigurationError, match="URL of the service is missing"):
        goatfish.Client()
