"""A stream of requests gets the same responses, however it is split into packets."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.edge.raw_client import Answer, exchange
from tests.edge.table import BODY, KEY, chunked, get, post, request, stream
from tests.running_service import Live

UNKNOWN = b"/api/v1/simulations/01a20481-7ef1-7448-9506-265a3a274e9f"
REQUESTS = [
    get(),
    b"\r\n" + get(b"/problems/not-found"),
    get(b"/nothing"),
    get(UNKNOWN, b"X-API-Key: " + KEY + b" "),
    get(UNKNOWN),
    post(),
    post(b"Connection: Upgrade", b"Upgrade: x"),
    post(body=b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    post(key=False),
    post(b"Expect: 100-continue"),
    stream(BODY[:9], BODY[9:], trailers=b"X-API-Key: " + KEY + b"\r\n"),
    stream(*(BODY[at : at + 1] for at in range(len(BODY))), fields=[b"Connection: Upgrade", b"Upgrade: x"]),
    stream(raw=b'2;a="b"\r\n\r\n\r\n' + chunked(BODY)),
    request(b"GET /livez HTTP/1.1", b"Content-Length: 4", body=b"\r\n\r\n"),
]
VARY = {"date", "location", "x-request-id", "etag", "ratelimit"}
MADE = {"id", "created_at", "updated_at", "request_id"}


def comparable(answer: Answer) -> tuple[int, dict[str, str], object]:
    """The response without the headers and members that differ each time."""
    headers = {name: value for name, value in answer.headers.items() if name not in VARY}
    try:
        body = json.loads(answer.body)
    except ValueError:
        return answer.status, headers, answer.body
    return answer.status, headers, {name: value for name, value in body.items() if name not in MADE}


@st.composite
def cut_streams(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    chosen = draw(st.lists(st.integers(0, len(REQUESTS) - 1), min_size=1, max_size=6))
    length = sum(len(REQUESTS[number]) for number in chosen)
    return chosen, sorted(draw(st.sets(st.integers(1, length), max_size=12)))


@pytest.fixture(scope="module")
def separate_responses(service: Live, address: tuple[str, int]) -> list[list[tuple[int, dict[str, str], object]]]:
    """The responses to each request on its own connection."""
    key = service.key.encode()
    return [list(map(comparable, exchange(address, [each.replace(KEY, key)]).answers)) for each in REQUESTS]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=cut_streams())
def test_splitting_into_packets_makes_no_difference(
    service: Live,
    address: tuple[str, int],
    separate_responses: list[list[tuple[int, dict[str, str], object]]],
    cut: tuple[list[int], list[int]],
) -> None:
    chosen, places = cut
    whole = b"".join(REQUESTS[number] for number in chosen).replace(KEY, service.key.encode())
    packets = [whole[begin:end] for begin, end in zip([0, *places], [*places, None], strict=True)]
    received = exchange(address, filter(None, packets))
    assert list(map(comparable, received.answers)) == [
        answer for number in chosen for answer in separate_responses[number]
    ]
    assert not received.reset


@pytest.mark.parametrize("number", range(len(REQUESTS)))
def test_sending_byte_by_byte_makes_no_difference(
    service: Live,
    address: tuple[str, int],
    separate_responses: list[list[tuple[int, dict[str, str], object]]],
    number: int,
) -> None:
    whole = REQUESTS[number].replace(KEY, service.key.encode()) + get()
    received = exchange(address, [bytes([byte]) for byte in whole])
    assert list(map(comparable, received.answers)) == [*separate_responses[number], *separate_responses[0]]
