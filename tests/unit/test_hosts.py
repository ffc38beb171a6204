"""Which hosts, origins and proxies settings take, and what they say of those that could never match."""

import re
from collections.abc import Callable
from ipaddress import ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from config.addresses import trusted_proxies
from config.hosts import canonical_origin, canonical_pattern, canonical_url

COMMAS = "hosts are separated by commas"
WILDCARD = "a wildcard can only be the first label, like *.example.com"
LETTERS = "host names have letters, digits and inner hyphens only"
TEXTS = (
    st.text("aZ0.-_*:/[]@ ü1xß%?,'", max_size=20) | st.text(max_size=12) | st.from_regex(r"\A[a-z*.]{1,9}(:80)?/?\Z")
)


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("*", "*"),
        ("MyHost.local", "myhost.local"),
        ("localhost", "localhost"),
        ("sim-1.example.com", "sim-1.example.com"),
        ("XN--MLLER-KVA.example", "xn--mller-kva.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "[::1]"),
        ("[2001:DB8:0::1]", "[2001:db8::1]"),
        (".Example.com", ".example.com"),
        ("*.Example.com", "*.example.com"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
    ],
)
def test_host_is_taken_as_browsers_send_it(given: str, host: str) -> None:
    assert canonical_pattern(given) == host


@pytest.mark.parametrize(
    ("given", "reason", "meant"),
    [
        ("sim.example:8000", "a port", "sim.example"),
        ("localhost:*", "a port", "localhost"),
        ("[::1]:8000", "a port", "[::1]"),
        ("https://Sim.example", "a scheme", "sim.example"),
        ("https://sim.example:8443/x?y", "a scheme, a port, a path", "sim.example"),
        ("sim.example/", "a path", "sim.example"),
        ("https://ann:secret@sim.example", "a scheme, a user name", "sim.example"),
        ("::1", "an IPv6 address without brackets", "[::1]"),
        ("2001:DB8::1", "an IPv6 address without brackets", "[2001:db8::1]"),
        ("sim.example.", "a trailing dot", "sim.example"),
        ("müller.example", "not ASCII", "xn--mller-kva.example"),
        ("https://Straße.example/", "a scheme, a path, not ASCII", "xn--strae-oqa.example"),
        ("*.müller.example", "not ASCII", "*.xn--mller-kva.example"),
        ("☃.example", "not ASCII", "xn--n3h.example"),
        ("*.😀.example", "not ASCII", "*.xn--e28h.example"),
        ("https//sim.example", "a scheme", "sim.example"),
        ("http:Sim.example", "a scheme", "sim.example"),
        ("http:/sim.example/", "a scheme, a path", "sim.example"),
        ("https:///sim.example", "a scheme", "sim.example"),
        ("//sim.example:8000", "a scheme, a port", "sim.example"),
        ("sim.*.example.com", WILDCARD, "*.example.com"),
        ("*example.com", WILDCARD, "*.example.com"),
        ("*.*.example.com", WILDCARD, "*.example.com"),
        ("sim*.com", WILDCARD, None),
        ("sim.*", WILDCARD, None),
        ("*.127.0.0.1", "addresses have no subdomains", "127.0.0.1"),
        ("127.1", "browsers write the address in full", "127.0.0.1"),
        ("0x7f.0.0.1", "browsers write the address in full", "127.0.0.1"),
        ("2130706433", "browsers write the address in full", "127.0.0.1"),
        ("010.0.0.1", "browsers write the address in full", "8.0.0.1"),
        ("1.2.3.4.5", "no IPv4 address", None),
        ("256.0.0.1", "no IPv4 address", None),
        ("sim.123", "no IPv4 address", None),
        ("[fe80::1%eth0]", "an IPv6 address with a zone", "[fe80::1]"),
        ("FE80::1%25eth0", "an IPv6 address with a zone, an IPv6 address without brackets", "[fe80::1]"),
        ("[fe80::1%eth0]:8000", "a port, an IPv6 address with a zone", "[fe80::1]"),
        ("[fe80::g%eth0]", "no IPv6 address", None),
        ("sim.example:http", "no valid port", None),
        ("[::1", "no IPv6 address", None),
        ("1:2:3", "no IPv6 address", None),
        ("my_host", "host names have no underscores", None),
        ("a.example b.example", COMMAS, None),
        ("a.example;b.example", COMMAS, None),
        ("a..example", "an empty label", None),
        ("..example", "an empty label", None),
        ("a" * 64 + ".example", "a label of more than 63 characters", None),
        (".".join(["a" * 60] * 5), "more than 253 characters", None),
        ("-a.example", LETTERS, None),
        ("'a.example'", LETTERS, None),
        ("https://", "a scheme, no host", None),
        (".", "no host", None),
    ],
)
def test_host_that_never_matches_is_refused_with_what_would(given: str, reason: str, meant: str | None) -> None:
    with pytest.raises(ValueError, match=r"^got ") as caught:
        canonical_pattern(given)

    shown = re.sub(r"ann.*@", "***@", given)
    assert str(caught.value) == f"got {shown!r} ({reason})" + (f": write {meant}" if meant else "")


@pytest.mark.parametrize(
    ("given", "reason", "meant"),
    [
        ("https://App.example", "capital letters", "https://app.example"),
        ("HTTPS://app.example", "capital letters", "https://app.example"),
        ("https://app.example/", "a trailing slash", "https://app.example"),
        ("https://app.example:443", "the default port", "https://app.example"),
        ("http://app.example:80/", "a trailing slash, the default port", "http://app.example"),
        ("https://app.example/x", "a path", "https://app.example"),
        ("https://app.example?x", "a path", "https://app.example"),
        ("https://ann:secret@app.example", "a user name", "https://app.example"),
        ("app.example", "no scheme", "https://app.example"),
        ("localhost:5173", "no scheme", "https://localhost:5173"),
        ("https://müller.example", "not ASCII", "https://xn--mller-kva.example"),
        ("https://app.example.", "a trailing dot", "https://app.example"),
        ("https://::1", "an IPv6 address without brackets", "https://[::1]"),
        ("https://[0::1]:8443", "the address in another form", "https://[::1]:8443"),
        ("https://127.1", "browsers write the address in full", "https://127.0.0.1"),
        ("https://app.example:08443", "a port that begins with 0", "https://app.example:8443"),
        ("https://app.example:0", "no valid port", None),
        ("https://app.example:65536", "no valid port", None),
        ("https://app.example:", "no valid port", None),
        ("https://app.example:-1", "no valid port", None),
        ("https://[fe80::1%25eth0]:8443", "an IPv6 address with a zone", "https://[fe80::1]:8443"),
        ("https://*.example", "no part of an origin can be a wildcard", None),
        ("null", "pages of any site can send it", None),
        ("ftp://app.example", "the scheme must be http or https", None),
        ("https://", "no host", None),
        ("//app.example", "no scheme with ://", "https://app.example"),
        ("https:app.example", "no scheme with ://", "https://app.example"),
        ("HTTP:/app.example:8080/", "no scheme with ://", "http://app.example:8080"),
        ("https://a.example https://b.example", "several in one", None),
        ("https://a.example;http://b.example", "several in one", None),
        ("https://my_app", "host names have no underscores", None),
    ],
)
def test_origin_that_never_matches_is_refused_with_what_would(given: str, reason: str, meant: str | None) -> None:
    with pytest.raises(ValueError, match=r"^got ") as caught:
        canonical_origin(given)

    shown = re.sub(r"ann.*@", "***@", given)
    assert str(caught.value) == f"got {shown!r} ({reason})" + (f": write {meant}" if meant else "")
    if reason in {"capital letters", "a trailing slash", "the default port", "the address in another form"}:
        assert canonical_url(given) == meant


@given(TEXTS)
@example("*.1")
@example("https://*.127.0.0.1:")
def test_what_is_taken_or_proposed_is_in_its_final_form(text: str) -> None:
    for canonical in (canonical_pattern, canonical_origin, canonical_url):
        final = taken_or_proposed(canonical, text)
        assert final is None or canonical(final) == final
        assert final is None or re.fullmatch(r"\*|(https?://|\*?\.)?([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]+)?", final)


def taken_or_proposed(canonical: Callable[[str], str], text: str) -> str | None:
    try:
        return canonical(text)
    except ValueError as error:
        _, proposes, final = str(error).rpartition("): write ")
        return final if proposes else None


@pytest.mark.parametrize(
    ("given", "networks"),
    [
        ("", []),
        ("*", ["*"]),
        ("10.0.0.5", ["10.0.0.5/32"]),
        ("10.0.0.0/8, 2001:db8::/32,", ["10.0.0.0/8", "2001:db8::/32"]),
        ("10.0.0.0/255.0.0.0", ["10.0.0.0/8"]),
        ("::1", ["::1/128"]),
        ("0.0.0.0/0", ["0.0.0.0/0"]),
        ("::ffff:10.0.0.0/104", ["10.0.0.0/8"]),
        ("::ffff:10.0.0.5", ["10.0.0.5/32"]),
        ("10.0.0.5,10.0.0.5", ["10.0.0.5/32"]),
    ],
)
def test_proxies_are_addresses_and_networks(given: str, networks: list[str]) -> None:
    found = trusted_proxies(given)

    assert found[: len(networks)] == networks
    assert [ip_network(mapped) for mapped in found[len(networks) :]] == [
        ip_network(f"::ffff:{ip_network(network).network_address}/{96 + ip_network(network).prefixlen}")
        for network in networks
        if "." in network
    ]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("nginx", "got 'nginx' (no address; names are not looked up): write one like 10.0.0.5 or 10.0.0.0/8"),
        ("unix:", "names are not looked up"),
        ("localhost", "names are not looked up"),
        ("10.0.0.5/8", "got '10.0.0.5/8' (an address within the network): write 10.0.0.0/8 or 10.0.0.5"),
        ("10.0.0.5:80", "write 10.0.0.5"),
        ("[::1]", "write ::1"),
        ("[::1]:80", "write ::1"),
        ("10.0.0.0/33", "got '10.0.0.0/33' (no such network: what follows the / is 0 to 32)"),
        ("fd00::/x", "got 'fd00::/x' (no such network: what follows the / is 0 to 128)"),
        ("10.0.0", "names are not looked up"),
        ("10.0.0.5 10.0.0.6", "got '10.0.0.5 10.0.0.6' (several are separated by commas)"),
        ("10.0.0.0/8;fd00::/8", "(several are separated by commas)"),
        ("*,10.0.0.5", "got '*' (* stands alone)"),
        ("10.0.0.*", "names are not looked up"),
        ("0.0.0.0", "got '0.0.0.0' (nobody's address): for all, write 0.0.0.0/0"),
        ("10.0.0.5,::", "got '::' (nobody's address): for all, write ::/0"),
    ],
)
def test_proxy_that_is_no_address_is_refused(given: str, words: str) -> None:
    with pytest.raises(ValueError, match="must be addresses or networks of proxies, got ") as caught:
        trusted_proxies(given)

    assert words in str(caught.value)


@given(st.ip_addresses() | st.from_regex(r"\A10\.0\.0\.0/(3[0-2]|[12]?[0-9])\Z") | st.text(max_size=12))
def test_proxies_are_taken_as_python_reads_them_or_refused(given: object) -> None:
    try:
        networks = trusted_proxies(str(given))
    except ValueError:
        return
    assert all(network == "*" or ip_network(network) for network in networks)
