"""What proxies say of the scheme, as they write it."""

import pytest

from app.http_server.forwarded import with_one_scheme


@pytest.mark.parametrize(
    ("lines", "scheme"),
    [
        (["https"], "https"),
        (["HTTPS"], "https"),
        (['"https"'], "https"),
        (["wss"], "https"),
        (["ws"], "http"),
        (["https,http"], "https"),
        (["http, https"], "http"),
        ([" https , http,http"], "https"),
        (["https", "http"], "https"),
        (["http", "https"], "http"),
        ([], None),
        ([""], None),
        (["ftp"], None),
        ([",https"], None),
        (["httpsx"], None),
    ],
)
def test_the_first_scheme_of_a_list_is_the_clients(lines: list[str], scheme: str | None) -> None:
    headers = [(b"host", b"a"), *((b"x-forwarded-proto", line.encode()) for line in lines), (b"accept", b"*/*")]

    found = dict(with_one_scheme(headers))

    assert len(with_one_scheme(headers)) == len(found)
    assert found.pop(b"x-forwarded-proto", b"").decode() == (scheme or "")
    assert found == {b"host": b"a", b"accept": b"*/*"}
