"""The regular expression of IPv6 addresses, as URIs have them in brackets."""

_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_GROUP = "[0-9A-Fa-f]{1,4}"
_LAST = rf"({_GROUP}:{_GROUP}|{_OCTET}(\.{_OCTET}){{3}})"
_AFTER = [*(f"({_GROUP}:){{{number}}}{_LAST}" for number in (5, 4, 3, 2, 1, 0)), _GROUP, ""]
"""What may follow on ``::``, by the number of groups that may be before it."""
_BEFORE = ["", *(f"(({_GROUP}:){{0,{number}}}{_GROUP})?" for number in range(7))]
"""What may be before it, by that number."""
IPV6_PATTERN = "|".join([f"({_GROUP}:){{6}}{_LAST}", *map("{}::{}".format, _BEFORE, _AFTER)])
"""An address in any spelling, without a zone (``IPv6address`` of RFC 3986, appendix A)."""
