"""A change of an object in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goatfish.commands.members import changed, member_text
from goatfish.commands.output import Terminal
from goatfish.commands.showing import NOTHING

ACTION_STYLES = {"created": "green", "updated": "blue", "deleted": "red"}


def change_text(revision: Mapping[str, Any], terminal: Terminal) -> str:
    """What was done: ``updated: status running → succeeded, results.cl 1.21``."""
    action, before, after = str(revision.get("action")), revision.get("before"), revision.get("after")
    if not isinstance(after, dict):
        return action
    if not isinstance(before, dict):
        made = action if revision.get("version") == 1 else "restored"
        return f"{made}: {after['status']}" if after.get("status") else made
    arrow = "→" if terminal.can_show("→") else "->"
    parts = []
    for name, old, new in changed(before, after):
        was, now = member_text(name, old), member_text(name, new)
        parts.append(f"{name} {now}" if was == NOTHING else f"{name} {was} {arrow} {now}")
    return f"{action}: {', '.join(parts)}" if parts else action
