"""The bounded cache never exceeds its size."""

from domain.access.bounded_cache import BoundedCache


def test_cache_is_emptied_before_it_exceeds_its_size() -> None:
    cache: BoundedCache[str, int] = BoundedCache(2)
    cache["a"] = 1
    cache["b"] = 2
    cache["a"] = 3
    assert cache == {"a": 3, "b": 2}
    cache["c"] = 4
    assert cache == {"c": 4}
