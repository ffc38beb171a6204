"""No unit test has loaded Django."""

import sys


def test_django_is_not_loaded() -> None:
    assert "django" not in sys.modules, "Something loaded Django; `./run test unit` runs pytest without its plugin."
