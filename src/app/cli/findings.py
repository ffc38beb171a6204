"""What ``goatfish doctor`` finds."""

from enum import StrEnum
from typing import TypeAlias


class Severity(StrEnum):
    """How serious a finding is. Only an error changes the exit status."""

    OK = "ok     "
    WARNING = "warning"
    ERROR = "ERROR  "


Finding: TypeAlias = tuple[Severity, str]
