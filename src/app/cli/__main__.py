"""``python -m app.cli`` is ``goatfish``."""

from app.cli import main

main()
