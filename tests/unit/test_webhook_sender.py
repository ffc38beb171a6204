"""What the sender of webhooks sends, where it refuses to, and what it makes of answers."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from aiohttp import AsyncResolver

from adapters.webhook_sender import sender
from adapters.webhook_sender.sender import ANSWER_BYTES_MAX
from domain.webhooks.addresses import AddressRefused, AllowedAddresses, is_public
from domain.webhooks.deliverer import AT_ONCE
from domain.webhooks.ports import Answer
from tests.unit.sending import FakeResolver, answer, endpoint, sending


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.1.1", "169.254.169.254", "172.16.0.1"),
        *("192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1"),
        *("239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1"),
        *("::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1"),
        *("2001:db8::1", "2002:7f00:1::1", "2002:a00:1::", "fc00::1", "fd12:3456::1", "fe80::1%eth0", "fec0::1"),
        *("ff02::1", "192.0.0.192", "192.88.99.1", "168.63.129.16", "::ffff:168.63.129.16", "100.100.100.200"),
        *("::ffff:169.254.169.254", "fd00:ec2::254", "2002:a9fe:a9fe::", "2001:0:7f00:1::", "3fff::1", "5f00::1"),
    ],
)
def test_address_that_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused, match="not public"):
        AllowedAddresses((), public=True).require(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "2002:808:808::1"])
def test_public_address_is_allowed_with_tls_alone(address: str) -> None:
    assert is_public(ip_address(address))
    AllowedAddresses((), public=True).require(address)
    with pytest.raises(AddressRefused, match="without TLS"):
        AllowedAddresses(["10.0.0.0/8"], public=False).require(address)


def test_networks_of_the_operator_are_allowed() -> None:
    for public in (True, False):
        allowed = AllowedAddresses(["10.1.0.0/16", "fd00:1::/64"], public=public)
        for address in ("10.1.2.3", "::ffff:10.1.2.3", "fd00:1::5"):
            allowed.require(address)
        for address in ("10.2.0.1", "127.0.0.1", "fd00:2::1"):
            with pytest.raises(AddressRefused):
                allowed.require(address)


async def test_message_is_posted_as_it_is() -> None:
    async with endpoint(lambda _: answer("200 OK", b"thanks")) as (port, requests), sending("127.0.0.0/8") as send:
        sent = [await send(f"http://127.0.0.1:{port}/a%2Fb?c=%7e") for _ in range(2)]
    assert sent == [Answer(status_code=200, text="thanks")] * 2
    head, _, body = requests[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert first == "POST /a%2Fb?c=%7e HTTP/1.1"
    assert dict(line.lower().split(": ") for line in lines) == {
        "host": f"127.0.0.1:{port}",
        "webhook-id": "msg_1",
        "user-agent": "goatfish/test",
        "accept": "*/*",
        "accept-encoding": "identity",
        "content-length": "22",
        "content-type": "application/octet-stream",
    }
    assert body == b'{"type":"run.updated"}'


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_spelling_of_loopback_is_connected_to(host: str, scheme: str) -> None:
    async with endpoint(lambda _: answer("200 OK")) as (port, requests), sending() as send:
        sent = await send(f"{scheme}://{host}:{port}/")
    assert sent.status_code is None
    assert str(sent.error).startswith(("The host has an address that is not public", "The host has no address"))
    assert requests == []


async def test_name_that_leads_elsewhere_at_the_second_look_is_refused() -> None:
    resolver = FakeResolver(["127.0.0.1"], ["127.0.0.1", "10.0.0.1"])
    allowed = sending("10.9.0.0/16", resolver=resolver)
    async with endpoint(lambda _: answer("200 OK")) as (port, requests), allowed as send:
        refused = await send(f"http://rebinding.example:{port}/")
    assert refused.error == "The host has an address that is not public."
    assert requests == []


class NameServer(asyncio.DatagramProtocol):
    """Says that every name is 127.0.0.1, but for those that begin with ``dark``, about which it says nothing."""

    def __init__(self) -> None:
        self.dark: asyncio.Queue[bytes] = asyncio.Queue()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        question = data[12:].partition(b"\0")
        if b"dark" in question[0]:
            self.dark.put_nowait(data)
            return
        is_ipv4 = question[2][:2] == b"\0\1"
        head = data[:2] + b"\x81\x80\0\1" + (b"\0\1" if is_ipv4 else b"\0\0") + bytes(4)
        answer = b"\xc0\x0c\0\1\0\1" + (60).to_bytes(4) + b"\0\4\x7f\0\0\1" if is_ipv4 else b""
        self.transport.sendto(head + b"".join(question)[: len(question[0]) + 5] + answer, addr)


async def test_names_that_are_never_answered_hold_up_no_others() -> None:
    loop = asyncio.get_running_loop()
    names, server = await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    resolver = AsyncResolver(nameservers=[f"127.0.0.1:{names.get_extra_info('sockname')[1]}"])
    async with (
        endpoint(lambda _: answer("200 OK")) as (port, _),
        sending("127.0.0.1", resolver=resolver) as send,
    ):
        waiting: list[asyncio.Future[Answer]] = []
        for each in range(AT_ONCE + 1):
            waiting.append(asyncio.ensure_future(send(f"http://dark{each}.example:{port}/")))
            for _ in ("A", "AAAA"):
                await server.dark.get()
        sent = await send(f"http://hooks.example:{port}/")
        assert sent.accepted, sent
        assert not any(each.done() for each in waiting)
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    names.close()


async def test_host_is_told_the_name_and_not_the_address() -> None:
    resolver = FakeResolver(["127.0.0.1"])
    async with (
        endpoint(lambda _: answer("200 OK")) as (port, requests),
        sending("127.0.0.1", resolver=resolver) as send,
    ):
        assert (await send(f"http://hooks.example:{port}/")).accepted
    assert f"Host: hooks.example:{port}\r\n".encode() in requests[0]


async def test_redirection_is_not_followed() -> None:
    redirecting = endpoint(lambda _: answer("307 Temporary Redirect", b"", "location: /x", "set-cookie: a=b"))
    async with redirecting as (port, requests), sending("127.0.0.1") as send:
        sent = [await send(f"http://127.0.0.1:{port}/") for _ in range(2)]
    assert [each.status_code for each in sent] == [307, 307]
    assert not sent[0].accepted
    assert len(requests) == 2
    assert b"cookie" not in requests[1].lower()


async def test_answer_is_read_to_a_bound() -> None:
    async def endless(_: bytes) -> bytes:
        return answer("503 Busy", b"x\x00\x1b" * ANSWER_BYTES_MAX, "retry-after: 120")

    async with endpoint(endless) as (port, _), sending("127.0.0.1") as send:
        sent = await send(f"http://127.0.0.1:{port}/")
    assert (sent.status_code, sent.retry_after) == (503, timedelta(minutes=2))
    assert sent.text == ("x\ufffd\ufffd" * 1000)[:1000]


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("120", 120, 120),
        ("{:%a, %d %b %Y %H:%M:%S} GMT", 110, 120),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0, 0),
        *((wrong, 0, 0) for wrong in ("", "soon", "-1", "1.5", "9" * 40, "Sun, 06 Nov 2094 08:49:37", "Sun, 99 Nov")),
    ],
)
async def test_endpoint_asks_for_a_later_attempt_by_seconds_or_date(header: str, least: int, most: int) -> None:
    sent_header = f"retry-after: {header.format(datetime.now(UTC) + timedelta(seconds=120))}"
    async with (
        endpoint(lambda _: answer("503 Busy", b"", sent_header)) as (port, _),
        sending("127.0.0.1") as send,
    ):
        sent = await send(f"http://127.0.0.1:{port}/")
    assert timedelta(seconds=least) <= sent.retry_after <= timedelta(seconds=most)


async def test_compressed_answer_is_not_unpacked() -> None:
    compressing = endpoint(lambda _: answer("200 OK", b"\x1f\x8b\xff", "content-encoding: gzip"))
    async with compressing as (port, _), sending("127.0.0.1") as send:
        sent = await send(f"http://127.0.0.1:{port}/")
    assert sent == Answer(status_code=200, text="\ufffd" * 3)


@pytest.mark.parametrize(
    ("begun", "piece"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n", b"x"),
    ],
)
async def test_endpoint_that_trickles_is_given_up(begun: bytes, piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "TIMEOUT", 0.2)
    ended = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(begun)
        while not ended.is_set():
            writer.write(piece)
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), 0.01)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, sending("127.0.0.1") as send:
        sent = await send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        ended.set()
    assert sent == Answer(error="There was no whole answer within 0.2 seconds.")


async def test_endless_headers_are_an_error() -> None:
    head = b"HTTP/1.1 200 OK\r\nx: " + b"y" * (1 << 20)
    async with endpoint(lambda _: head) as (port, _), sending("127.0.0.1") as send:
        sent = await send(f"http://127.0.0.1:{port}/")
    assert str(sent.error).startswith("There was no answer")


async def test_silent_endpoint_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "TIMEOUT", 0.05)

    async def silent(_: bytes) -> bytes:
        await asyncio.sleep(60)
        return b""

    async with endpoint(silent) as (port, _), sending("127.0.0.1") as send:
        sent = await send(f"http://127.0.0.1:{port}/")
    assert sent == Answer(error="There was no whole answer within 0.05 seconds.")


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:1/", "There was no answer"),
        ("https://no-such-host.invalid/", "The host has no address"),
        ("http://2130706433:1/", "There was no answer"),
        ("https://[::1", "There was no answer"),
        ("ftp://127.0.0.1/", "There was no answer"),
    ],
)
async def test_endpoint_out_of_reach_is_an_error(url: str, error: str) -> None:
    async with sending("127.0.0.1") as send:
        sent = await send(url)
    assert sent.status_code is None
    assert str(sent.error).startswith(error)


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["127.0.0.1", "127.0.0.2"], ["10.0.0.1", "127.0.0.1"]])
async def test_error_does_not_tell_the_addresses_of_a_name(addresses: list[str]) -> None:
    async with sending("127.0.0.0/8", resolver=FakeResolver(addresses)) as send:
        sent = await send("http://internal.example:1/")
    assert str(sent.error).startswith("There was no answer: ")
    assert not any(each in str(sent.error) for each in addresses)


async def test_answer_that_is_no_http_is_an_error() -> None:
    async with endpoint(lambda _: b"hello\r\n\r\n") as (port, _), sending("127.0.0.1") as send:
        sent = await send(f"http://127.0.0.1:{port}/")
    assert str(sent.error).startswith("There was no answer")
