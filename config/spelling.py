"""Which known name is meant by one that is not known, if any is near."""

from collections.abc import Collection
from difflib import SequenceMatcher, get_close_matches

NEAR = 0.8  # of names that begin as they should: SECRET is near SECRET_KEY, and TIMEOUT is near nothing
VERY_NEAR = 0.9  # of whole names, when the prefix is spelt wrongly: programs of others may have similar ones

COMMON = 2  # words, of which the prefix is one: more have to be the same


def nearest(name: str, prefix: str, known: Collection[str]) -> str | None:
    """The known name that is meant by this one, also where its prefix is not quite ``prefix``."""
    by_letters = {_letters(each): each for each in known}
    begins = name.startswith(prefix)
    if begins:
        by_letters = {letters.removeprefix(_letters(prefix)): each for letters, each in by_letters.items()}
    elif SequenceMatcher(None, _letters(prefix), name[: len(prefix)].upper()).quick_ratio() < NEAR:
        return None
    given = _letters(name.removeprefix(prefix))
    found = get_close_matches(given, by_letters, n=1, cutoff=NEAR if begins else VERY_NEAR)
    if found:
        return by_letters[found[0]]
    return _of_the_same_words(name, known)


def _of_the_same_words(name: str, known: Collection[str]) -> str | None:
    """The known name that has the same words in another order, or some more or some less, but two beside the prefix.

    MAX_CONNECTIONS is CONNECTIONS_MAX, REPLICA_URL is REPLICA_DATABASE_URL.
    """
    words = {each: {*each.split("_")} for each in known}
    given = {*name.upper().split("_")}
    found = [
        each for each in words if len(given & words[each]) > COMMON and given & words[each] in (given, words[each])
    ]
    return min(found, key=lambda each: (len(given ^ words[each]), each), default=None)


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.upper()))
