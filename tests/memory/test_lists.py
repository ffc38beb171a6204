"""Links to the next page."""

import pytest

from adapters.http_fastapi.lists import _following


@pytest.mark.parametrize(
    ("query", "following"),
    [
        (b"", "cursor=z"),
        (b"limit=2", "limit=2&cursor=z"),
        (b"cursor=x&limit=2", "limit=2&cursor=z"),
        (b"%63ursor=x&limit=2", "limit=2&cursor=z"),
        (b"name=a+b%2Bc%26%3E", "name=a+b%2Bc%26%3E&cursor=z"),
        (b'name=<b>"\\^`{|}#[]', "name=%3Cb%3E%22%5C%5E%60%7B%7C%7D%23%5B%5D&cursor=z"),
        (b"name=a\r\nb\x00\xe9", "name=a%0D%0Ab%00%C3%A9&cursor=z"),
    ],
)
def test_a_link_keeps_the_query_and_holds_nothing_that_ends_it(query: bytes, following: str) -> None:
    assert _following(query, "z") == following
