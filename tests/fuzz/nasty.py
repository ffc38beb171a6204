"""Values that often cause errors: numbers, dates, ids, texts, and bytes that are not valid text."""

from uuid import UUID

ID = str(UUID(int=7 << 76))
NUMBERS = (
    *("", " ", "0", "-0", "1", "-1", "1.5", "1e400", "nan", "inf", "1_000", "٣", "²", "0x10"),
    *(str(2**31), str(2**63), str(-(2**63) - 1), str(2**64), "9" * 40, "9" * 5000),
)
DATES = (
    *("0000", "10000", "99999-01-01", "10000-01-01", "2024-02-30", "2024-13-01", "0001-01-01", "9999-12-31"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2024-01-01 24:00:00", "2024-W60-1", "24:00", "P1D"),
)
IDS = (ID, ID.upper(), ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID}", ID[:-1], f"{ID},{ID}", str(UUID(int=0)))
WORDS = (
    "true",
    "False",
    "None",
    "null",
    "id",
    "pk",
    "owner",
    "password",
    "admin",
    "__",
    "_",
    "-",
    ".",
    "a,b",
    ",",
    ",,",
)
TEXTS = (
    *(
        "\0",
        "a\0b",
        "\ud800",
        "\udfff!",
        "\ufffe",
        "\u202e",
        "e\u0301",
        "ΐ" * 150,
        "é" * 300,
        "🦠",
        "x" * 300,
        "x" * 10_000,
    ),
    *(
        "'",
        '"',
        "\\",
        "%",
        "%%",
        "%s",
        "%(a)s",
        "{}",
        "{0.__class__}",
        "[]",
        '{"a":',
        "$",
        "(",
        "(a+)+$",
        "[",
        "*",
        "<b>",
    ),
    *("_00", "_5F", "_2F", "_XX", "_zz", "a b " * 600, "0," * 2000, "'a " * 100, "\r\nX-Y: z", "\n", "\x7f", "\x85"),
    *("../..", "//", "//evil.example", "//[", "http://[", "http://[::1", "javascript:1", "/admin/\n", "?", "#", "&=;"),
    *("%00", "%ff", "%", "%u0000", "a=%ED%A0%80", "p=9&p=a", "=" * 500, "%2Fadmin%2F%00"),
)
BYTES = (b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80", b"\x80", b"\xf4\x90\x80\x80")
VALUES: tuple[str | bytes, ...] = (*NUMBERS, *DATES, *IDS, *WORDS, *TEXTS, *BYTES)
CHARSETS = (
    "utf-8",
    "utf-7",
    "utf-16",
    "utf-32",
    "latin-1",
    "idna",
    "punycode",
    "unicode_escape",
    "hex",
    "rot13",
    "x",
    "",
)
