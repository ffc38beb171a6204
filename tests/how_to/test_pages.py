"""Every block of every page in docs/how-to works as it stands, run in order by a new user of the service."""

import re
from pathlib import Path

import pytest

from tests.how_to.pages import FOLDER, ROOT, SHOWN_URL, PageError, check, examples, newcomer, text_of, user
from tests.running_service import Live

FIRST = "first-five-minutes.md"
IN_OTHER_SUITES = {"typescript.md"}  # needs Node.js: tests/typescript
PAGES = sorted(path.name for path in FOLDER.glob("*.md") if path.name != "README.md")


@pytest.mark.parametrize("name", [name for name in PAGES if name not in {FIRST, *IN_OTHER_SUITES}])
def test_page(name: str, service: Live, tmp_path: Path) -> None:
    check(text_of(name), tmp_path, user(service, tmp_path))


def test_the_first_five_minutes_and_those_of_the_readme(service: Live, tmp_path: Path) -> None:
    env = newcomer(service, tmp_path)
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## Record and compare runs\n")[1]
    (commands,) = re.findall(r"^```bash\n.*?^```$", section.split("\n## ")[0], re.MULTILINE | re.DOTALL)
    compared = "\n```text\n[…]alpha[…]4[…]12[…]\n[…]cl[…]0.66[…]1.21[…]\n```\n"
    install = "pip install --quiet clients/python\n"
    assert install in commands
    for page in (text_of(FIRST), commands.replace(install, "") + compared):  # installed once: it takes seconds
        check(page.replace(SHOWN_URL, service.url), tmp_path, env)


def test_the_index_links_every_page() -> None:
    linked = re.findall(r"\]\(([\w-]+\.md)\)", text_of("README.md"))
    assert sorted(linked) == PAGES


def test_blocks_become_commands() -> None:
    page = "```bash\nls\n```\n\n```text\na\n```\n\n```python\n# a.py\n1\n```\n\n```python\n2\n```\n"
    listing, file, program = examples(page)
    assert (listing.command, listing.shown) == ("ls", "a")
    assert file.command == "cat >a.py <<'END_OF_BLOCK'\n# a.py\n1\nEND_OF_BLOCK"
    assert program.command == "python <<'END_OF_BLOCK'\n2\nEND_OF_BLOCK"


@pytest.mark.parametrize(
    "page",
    [
        "```\nls\n```\n",
        "```ruby\nputs 1\n```\n",
        "```text\n1\n```\n",
        "```bash\nls\n```\n```text\n1\n```\n```text\n1\n```\n",
        "```typescript\nconst one = 1\n```\n",
    ],
)
def test_a_block_that_cannot_be_run_is_refused(page: str) -> None:
    with pytest.raises(PageError):
        examples(page)
