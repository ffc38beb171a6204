"""A bounded cache holds what it was given, and never more than its size."""

from domain.access.bounded_cache import BoundedCache


def test_one_entry_too_many_empties_it_first() -> None:
    cache: BoundedCache[str, int] = BoundedCache(2)
    cache["a"] = 1
    cache["b"] = 2
    cache["a"] = 3
    assert cache == {"a": 3, "b": 2}
    cache["c"] = 4
    assert cache == {"c": 4}
