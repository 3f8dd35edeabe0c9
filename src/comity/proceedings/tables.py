"""All proceedings by name."""

from __future__ import annotations

from comity.docket.step import Proceeding
from comity.proceedings.oversight import OVERSIGHT
from comity.proceedings.request import REQUEST
from comity.proceedings.statistics import STATISTICS

PROCEEDINGS: dict[str, Proceeding] = {p.name: p for p in (REQUEST, OVERSIGHT, STATISTICS)}
