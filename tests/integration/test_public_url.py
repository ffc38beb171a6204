"""The service behind a proxy that ends TLS on a port of its own, configured by the public URL alone."""

import re
from collections.abc import Iterator

import httpx2
import pytest

from tests.running_service import Live, live

PUBLIC, HOST = "https://sim.example.com:8443", "sim.example.com"
PASSWORD = "correct horse battery"
LOGIN = "/admin/login/?next=/admin/"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    file = f"sqlite:///{tmp_path_factory.mktemp('public')}/db.sqlite3"
    with live(file, file, "--proxy", "10.0.0.0/8,127.0.0.0/31", PUBLIC_URL=PUBLIC) as service:
        service.goatfish("operator", "create", "boss", "--password-stdin", stdin=f"{PASSWORD}\n")
        yield service


def sign_in(service: Live, host: str, origin: str, *forwarded: str) -> httpx2.Response:
    """Signs in as a browser behind a proxy does, which keeps the cookies although the proxy uses HTTP."""
    headers = [("Host", host), *(("X-Forwarded-Proto", proto) for proto in forwarded)]
    url = service.url + LOGIN
    page = httpx2.get(url, headers=headers)
    assert page.status_code == 200, page.headers
    assert page.headers["strict-transport-security"]
    cookies = page.headers.get_list("set-cookie")
    assert cookies
    assert all("Secure" in cookie for cookie in cookies)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token
    fields = {"csrfmiddlewaretoken": token[1], "username": "boss", "password": PASSWORD}
    headers += [("Origin", origin), ("Cookie", "; ".join(cookie.partition(";")[0] for cookie in cookies))]
    return httpx2.post(url, headers=headers, data=fields)


@pytest.mark.parametrize(
    ("host", "forwarded"),  # in pairs: a password takes a third of a second to check
    [
        (HOST, ("https",)),
        (f"{HOST}:8443", ("https,http",)),
        ("SIM.example.com:8443", ("HTTPS", "http")),
        ("localhost", ("https",)),
    ],
)
def test_operators_sign_in_behind_a_proxy_on_another_port(service: Live, host: str, forwarded: tuple[str, ...]) -> None:
    answer = sign_in(service, host, PUBLIC, *forwarded)

    assert (answer.status_code, answer.headers.get("location")) == (302, "/admin/")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://sim.example.com:9443", "http://sim.example.com:8443"]
)
def test_pages_of_other_origins_cannot_sign_in(service: Live, origin: str) -> None:
    assert sign_in(service, HOST, origin, "https").status_code == 403


@pytest.mark.parametrize("forwarded", [[], ["http"], ["http,https"], ["ftp"]])
def test_the_admin_redirects_to_the_public_url(service: Live, forwarded: list[str]) -> None:
    headers = [("Host", HOST), *(("X-Forwarded-Proto", proto) for proto in forwarded)]
    answer = httpx2.get(service.url + "/admin/login/", headers=headers)

    assert (answer.status_code, answer.headers["location"]) == (301, f"{PUBLIC}/admin/login/")


def test_other_peers_are_no_proxies(service: Live) -> None:
    headers = {"Host": HOST, "X-Forwarded-Proto": "https"}
    for peer, status in {"127.0.0.1": 200, "127.0.0.2": 301}.items():
        with httpx2.Client(transport=httpx2.HTTPTransport(local_address=peer)) as client:
            assert client.get(f"{service.url}/admin/login/", headers=headers).status_code == status
