"""What the rows of each screen of `top` can be sorted by."""

from __future__ import annotations

from typing import Any

from spacectl.view.top_edges import EDGES
from spacectl.view.top_logs import LINES
from spacectl.view.top_messages import MESSAGES
from spacectl.view.top_notes import NOTES
from spacectl.view.top_spaces import SPACES

_KINDS: dict[str, Any] = {"spaces": SPACES, "flow": EDGES, "messages": MESSAGES, "logs": LINES, "timeline": NOTES}


def columns_of(screen: str) -> list[str]:
    """The keys of the columns by which a screen can be sorted; none where it has no rows."""
    return [each.key for each in _KINDS[screen].columns if each.order is not None] if screen in _KINDS else []
