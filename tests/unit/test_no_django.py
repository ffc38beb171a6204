"""No unit test has loaded Django."""

import sys


def test_django_is_not_loaded() -> None:
    assert "django" not in sys.modules, (
        "Django is loaded: run the unit tests with `./run test unit`, which disables the Django plugin of pytest"
    )
