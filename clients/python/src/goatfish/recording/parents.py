"""Find the run that another one continues: it may not be sent yet itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from goatfish.recording import values
from goatfish.recording.journal import Journal, NotAJournal
from goatfish.recording.story import Story

if TYPE_CHECKING:
    from goatfish.recording.outgoing import Outgoing
    from goatfish.recording.service import Service


class NotYet(Exception):
    """A run has to wait for another one, which it continues."""


def parent_id(
    parent: Mapping[str, Any], service: Service, path: Optional[Path], known: Optional[Outgoing] = None
) -> Optional[str]:
    """The id of a parent, or None where it is not to be found. Raises ``NotYet`` where it is still to be sent.

    ``path`` is the journal of the run that continues it, and ``known`` the parent's own in this process.
    """
    if parent.get("id"):
        return str(parent["id"])
    story = known.story if known is not None else _story(parent, path)
    if story is not None:
        if story.run_id is not None:
            return story.run_id
        if story.problem is not None:
            return None
        raise NotYet
    return _by_external_id(parent, service)


def _story(parent: Mapping[str, Any], path: Optional[Path]) -> Optional[Story]:
    """The parent's journal, if it is still there."""
    name = parent.get("journal")
    if path is None or not name:
        return None
    try:
        journal = Journal.open(path.with_name(Path(str(name)).name))
    except (OSError, NotAJournal):
        return None
    try:
        story = Story()
        story.feed(journal.unread())
    except NotAJournal:
        return None
    finally:
        journal.release()
    return story


def _by_external_id(parent: Mapping[str, Any], service: Service) -> Optional[str]:
    for external_id in parent.get("external_ids") or ():
        for item in service.runs_with(str(external_id)):
            if item.get("started_at") and values.moment(item["started_at"]) == parent.get("started_at"):
                return str(item["id"])
    return None
