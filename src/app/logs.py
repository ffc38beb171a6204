"""A log formatter that redacts API keys, and that never fails."""

import logging

from domain.access.token import redact


class KeyHidingFormatter(logging.Formatter):
    """Formats as usual, traceback included, and redacts the secret of everything that looks like an API key."""

    def format(self, record: logging.LogRecord) -> str:
        try:
            return redact(super().format(record))
        except Exception as error:  # logging's own error handler would print the arguments unredacted
            what = f"{type(error).__name__} while formatting a message logged at {record.pathname}:{record.lineno}"
            return f"{record.levelname} {record.name}: {what}"
