"""Sign-in links: each code works once, and for an hour."""

from app.sign_in_links import LIFETIME, SignInLinks


class Clock:
    """A monotonic clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_code_is_redeemed_once() -> None:
    links = SignInLinks()
    first, second = links.issue("gf_a"), links.issue("gf_b")
    assert links.redeem(second) == "gf_b"
    assert links.redeem(second) is None
    assert links.redeem(first) == "gf_a"


def test_a_code_expires() -> None:
    clock = Clock()
    links = SignInLinks(clock)
    early, late = links.issue("gf_a"), links.issue("gf_a")
    clock.now += LIFETIME - 1
    assert links.redeem(early) == "gf_a"
    clock.now += 1
    assert links.redeem(late) is None


def test_the_key_cannot_be_had_otherwise() -> None:
    links = SignInLinks()
    code = links.issue("gf_a")
    assert "gf_a" not in code
    assert [links.redeem(wrong) for wrong in ("", "gf_a", code[:-1], code + "=", code.swapcase())] == [None] * 5
