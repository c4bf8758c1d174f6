"""How far a data load has come, as one text that the ledger keeps between two requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from provisioner.steps.data_chunks import DataLoad

_TEXT = re.compile(r"(\d+)/\d+ (loaded|sending)(\?)? ([0-9a-f]{8})(?: (\w*))?")
_ID = 15  # characters of an id that is kept; the API takes the short form


@dataclass(frozen=True)
class LoadProgress:
    """`done` requests are answered. `ids` are those of the records that later ones refer to.

    `is_sending`: the next request was about to leave; whether it did, only the org knows.
    `is_doubtful`: that has happened, and at the end the records are counted.
    """

    done: int = 0
    ids: Mapping[str, str] | None = None
    is_sending: bool = False
    is_doubtful: bool = False

    def text(self, load: DataLoad) -> str:
        """`2/5 loaded 1a2b3c4d 001…001…`: the ids of the open references in plan order."""
        ids = self.ids or {}
        kept = "".join(ids[ref][:_ID] for ref in load.open_references(self.done))
        state = "sending" if self.is_sending else "loaded"
        doubt = "?" if self.is_doubtful else ""
        return f"{self.done}/{len(load.chunks)} {state}{doubt} {load.digest} {kept}".rstrip()

    def after(self, ids: Mapping[str, str]) -> LoadProgress:
        """One request further; `ids` are those that its answer gave."""
        return replace(self, done=self.done + 1, ids={**(self.ids or {}), **ids}, is_sending=False)


def read_progress(text: str, load: DataLoad) -> LoadProgress | None:
    """What `text` says of this load; None when it is about other data."""
    match = _TEXT.fullmatch(text)
    if match is None or match[4] != load.digest or int(match[1]) > len(load.chunks):
        return None
    done, kept = int(match[1]), match[5] or ""
    references = load.open_references(done)
    if len(kept) != _ID * len(references):
        return None
    ids = {ref: kept[_ID * i : _ID * (i + 1)] for i, ref in enumerate(references)}
    return LoadProgress(done, ids, match[2] == "sending", match[3] is not None)
