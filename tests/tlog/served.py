"""The test log in a node's own store, served through a node's own routes on loopback, at one size after another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from starlette.applications import Starlette

from comity.node.keeping import tables as t
from comity.node.keeping.batch import Batch
from comity.node.keeping.last_signed import LastSigned
from comity.node.keeping.store import Store
from comity.node.log.act_log import ActLog
from comity.tlog.checkpoint import Checkpoint, sign_checkpoint
from comity.tlog.note import NoteSigner
from comity.web.log import log_routes
from tests.serving import serving
from tests.tlog.biglog import LOG, LOG_PQ, NOW, SIZES, WITNESSES, entry, nodes, tree_at


class ServedLog:
    """A log of all entries of which ``sign`` has published the first ones; the others are there and not to be seen."""

    def __init__(self, url: str, log: ActLog, last: LastSigned) -> None:
        self.url, self._log, self._last = f"{url}/log", log, last

    def sign(self, size: int) -> None:
        """Publish the tree of the first ``size`` entries, as a publisher does."""
        text = Checkpoint(LOG.name, size, tree_at(size).root())
        signers: list[NoteSigner] = [LOG, LOG_PQ.at(NOW), *(witness.at(NOW) for witness in WITNESSES)]
        note = sign_checkpoint(text, signers)
        self._last.set(LOG.name, size, text.root, note)
        self._log.rows.add_checkpoint(size, note, "2027-01-01T00:00:00.000Z")


@contextmanager
def served_log(folder: Path, size: int = SIZES[-1]) -> Iterator[ServedLog]:
    """The first ``size`` entries in a store in ``folder``; nothing published yet."""
    store, last = Store(folder / "node.db"), LastSigned(folder / "last-signed.db")
    log = ActLog(LOG.name, store)
    kept = [(level, index, value) for (level, index), value in nodes(size).items() if level >= t.LOWEST_KEPT]
    store.enter(Batch(0, leaves=[(n, entry(n)) for n in range(size)], nodes=kept))
    node = SimpleNamespace(log=log, last_signed=last)
    with serving(Starlette(routes=log_routes(cast(Any, node)))) as url:
        yield ServedLog(url, log, last)
    store.close()
    last.close()
