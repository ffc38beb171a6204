"""The option that names the release before."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--from", dest="release_before", help="the release before: a tag or commit; the newest version tag by default"
    )
