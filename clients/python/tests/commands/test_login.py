"""``gf login``: asks, tries, stores, and says who it is."""

from __future__ import annotations

import getpass
import os
import pty
import select
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from clients.python.tests.commands.running import AS_PROCESS, KEY, SOURCES, Ended, Gf, answering, with_body


@pytest.fixture
def stored(home: Path) -> Path:
    return home / ".config" / "goatfish.toml"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def one_line(ended: Ended) -> str:
    assert ended.err.count("\n") == 1
    assert ended.out == ""
    return ended.err


@pytest.mark.parametrize("piped", ["{key}\n", "{key}", "  {key}  \n\n", "{key}\r\n"])
def test_the_key_from_a_pipe(gf: Gf, served: Any, stored: Path, piped: str) -> None:
    ended = gf("login", "--url", served.url + "/", stdin=piped.format(key=served.key))
    assert (ended.status, ended.err) == (0, "")
    assert f"Signed in at {served.url} as tests" in ended.out
    assert "runs:write" in ended.out
    assert served.key not in ended.out
    assert mode(stored) == 0o600
    assert gf("sims").status == 0


def test_url_and_key_from_a_pipe(gf: Gf, served: Any, stored: Path) -> None:
    assert gf("login", stdin=f"{served.url}\n{served.key}\n").status == 0
    assert stored.exists()


def test_the_key_from_a_file(gf: Gf, served: Any, stored: Path, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{served.key}\n")
    assert gf("login", "--url", served.url, "--key-file", str(file)).status == 0
    assert stored.exists()


def test_again_with_the_url_that_is_known(gf: Gf, served: Any, stored: Path) -> None:
    gf("login", "--url", served.url, stdin=served.key)
    stored.chmod(0o600)
    assert gf("login", stdin=served.key).status == 0


def test_a_file_that_others_could_read_is_closed(gf: Gf, served: Any, stored: Path) -> None:
    stored.parent.mkdir()
    stored.write_text("")
    stored.chmod(0o644)
    assert gf("login", "--url", served.url, stdin=served.key).status == 0
    assert mode(stored) == 0o600


def test_what_overrides_the_file_is_said(gf: Gf, served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOATFISH_KEY", "another")
    ended = gf("login", "--url", served.url, stdin=served.key)
    assert ended.status == 0
    assert one_line(Ended(0, "", ended.err)) == "gf: GOATFISH_KEY is set, and is used instead of what is stored\n"


@pytest.mark.parametrize("key", ["gf_unknown_key", KEY, "not a key", "schlüssel", "\x1b[31m"])
def test_a_wrong_key(gf: Gf, served: Any, stored: Path, key: str) -> None:
    ended = gf("login", "--url", served.url, stdin=key)
    assert ended.status in {2, 4}
    assert key.partition(" ")[0] not in one_line(ended)
    assert not stored.exists()


def test_a_wrong_key_is_said_plainly(gf: Gf, served: Any) -> None:
    ended = gf("login", "--url", served.url, stdin=KEY)
    assert (ended.status, ended.err) == (
        4,
        f"gf: the service at {served.url} does not accept this key; nothing is stored\n",
    )


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("goatfish.example", "has no scheme; perhaps https://goatfish.example"),
        ("localhost:8000", "has no scheme; perhaps http://localhost:8000"),
        ("ftp://goatfish.example", "'ftp' is no scheme"),
        ("https://", "names no host"),
        ("https://user:secret@goatfish.example", "user or a password"),
        ("https://goatfish.example:port", ""),
    ],
)
def test_a_wrong_url(gf: Gf, stored: Path, url: str, said: str) -> None:
    for ended in (gf("login", "--url", url, stdin=KEY), gf("login", stdin=f"{url}\n{KEY}\n")):
        assert ended.status == 2
        assert said in one_line(ended)
        assert "secret@" not in ended.err
    assert not stored.exists()


def test_the_url_of_a_page_instead_of_the_service_s(gf: Gf, served: Any, stored: Path) -> None:
    ended = gf("login", "--url", f"{served.url}/api/v1/simulations", stdin=served.key)
    assert ended.status == 1
    assert "there is no Goatfish at" in one_line(ended)
    assert not stored.exists()


def test_a_service_that_is_away(gf: Gf, stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goatfish.commands.login.RETRIES", 0)
    ended = gf("login", "--url", "http://127.0.0.1:1", stdin=KEY)
    assert ended.status == 3
    assert "127.0.0.1:1" in one_line(ended)
    assert not stored.exists()


@pytest.mark.parametrize(
    "answer",
    [
        with_body(200, b"<html>Sign in to the network</html>", "text/html"),
        with_body(200, b"{}"),
        with_body(200, b"[1]"),
        with_body(302, b"", Location="https://portal.example/"),
        with_body(404, b"nothing here", "text/plain"),
    ],
    ids=["html", "object", "list", "redirect", "nothing"],
)
def test_another_service(gf: Gf, stored: Path, answer: Any) -> None:
    with answering(answer) as url:
        ended = gf("login", "--url", url, stdin=KEY)
    assert ended.status == 1
    assert KEY not in one_line(ended)
    assert not stored.exists()


@pytest.mark.parametrize("stdin", ["", "\n", "https://a.example https://b.example gf_key"])
def test_nothing_or_too_much(gf: Gf, stored: Path, stdin: str) -> None:
    ended = gf("login", stdin=stdin)
    assert ended.status == 2
    assert one_line(ended)
    assert not stored.exists()


def test_a_home_that_cannot_be_written(gf: Gf, served: Any, home: Path) -> None:
    (home / ".config").write_text("a file")
    ended = gf("login", "--url", served.url, stdin=served.key)
    assert ended.status == 1
    assert str(home) in one_line(ended)


def test_the_end_of_input_at_a_terminal(gf: Gf, stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("goatfish.commands.login.is_a_terminal", lambda _: True)
    assert gf("login").status == 2

    def end(_: str) -> str:
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", end)
    assert gf("login", "--url", "https://goatfish.example").status == 2
    assert not stored.exists()


def test_at_a_terminal_it_asks_and_shows_no_key(served: Any, stored: Path) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.environ["PYTHONPATH"] = str(SOURCES)
        os.execv(sys.executable, [*AS_PROCESS, "login"])
    shown = read_until(terminal, b"]: ")
    os.write(terminal, f"{served.url}\n".encode())
    shown += read_until(terminal, b"shown): ")
    os.write(terminal, f"{served.key}\n".encode())
    shown += read_until(terminal, b"only you can read.")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    os.close(terminal)
    assert served.key.encode() not in shown
    assert mode(stored) == 0o600


def read_until(terminal: int, text: bytes) -> bytes:
    """What the terminal shows, up to this text."""
    shown = b""
    while text not in shown:
        assert select.select([terminal], [], [], 30)[0], shown
        shown += os.read(terminal, 4096)
    return shown
