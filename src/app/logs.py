"""What is logged holds no key, wherever it came from, and what cannot be formatted is no reason to fail."""

import logging

from domain.access.token import redact


class KeyHidingFormatter(logging.Formatter):
    """Formats as usual, traceback included, without the secret of whatever looks like a key."""

    def format(self, record: logging.LogRecord) -> str:
        try:
            return redact(super().format(record))
        except Exception as error:  # logging's own answer would be to print what it was given as it is
            what = f"{type(error).__name__} in what was to be logged at {record.pathname}:{record.lineno}"
            return f"{record.levelname} {record.name}: {what}"
