"""How far a data load has come, as one text that the ledger keeps between two requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from provisioner.steps.data_chunks import DataLoad
from provisioner.steps.id_runs import ALPHABET, packed, unpacked

LONGEST = 12_000
"""Characters of ids that are kept. A row on the Dev Hub has room for 32,768 in all, and is
written twice for each request."""

_ELSEWHERE = "~"  # in place of ids that would be longer
_TEXT = re.compile(
    rf"(\d{{1,9}})/\d+ (loaded|sending)(\?)? ([0-9a-f]{{8}})(?: ({ALPHABET}(?:,{ALPHABET})*|~))?"
)


@dataclass(frozen=True)
class LoadProgress:
    """`done` requests are answered. `ids` are those of the records that later ones refer to.

    `is_sending`: the next request was about to leave; whether it did, only the org knows.
    `is_doubtful`: that has happened, and at the end the records are counted.
    """

    done: int = 0
    ids: Mapping[str, str] = field(default_factory=dict)
    is_sending: bool = False
    is_doubtful: bool = False

    def text(self, load: DataLoad) -> str:
        """`2/5 loaded 1a2b3c4d =001…+9,=003…`: the ids of the open references, by object."""
        groups = [
            packed(self.ids[reference] for reference in group)
            for group in load.open_by_object(self.done)
        ]
        kept = ",".join(groups)
        if len(kept) > LONGEST:
            kept = _ELSEWHERE
        state = "sending" if self.is_sending else "loaded"
        doubt = "?" if self.is_doubtful else ""
        return f"{self.done}/{len(load.chunks)} {state}{doubt} {load.digest} {kept}".rstrip()

    def after(self, ids: Mapping[str, str], load: DataLoad) -> LoadProgress:
        """One request further; `ids` are those that its answer gave."""
        known = {**self.ids, **ids}
        still = load.open_references(self.done + 1)
        kept = {reference: known[reference] for reference in still if reference in known}
        return replace(self, done=self.done + 1, ids=kept, is_sending=False)


class IdsLostError(Exception):
    """More ids were open than a row can hold, and the process that knew them has ended."""


def read_progress(
    text: str, load: DataLoad, known: LoadProgress | None = None
) -> LoadProgress | None:
    """What `text` says of this load; None when it is about other data.

    `known` is what this process has remembered itself. Raises IdsLostError when the ids are not
    in the text, and not in it either.
    """
    match = _TEXT.fullmatch(text)
    if match is None or match[4] != load.digest or int(match[1]) > len(load.chunks):
        return None
    done, kept = int(match[1]), match[5] or ""
    if kept == _ELSEWHERE:
        if known is None or known.done != done:
            raise IdsLostError
        ids = known.ids
    else:
        found = _ids(kept, load.open_by_object(done))
        if found is None:
            return None
        ids = found
    return LoadProgress(done, ids, match[2] == "sending", match[3] is not None)


def _ids(kept: str, groups: list[list[str]]) -> dict[str, str] | None:
    texts = kept.split(",") if kept else []
    if len(texts) != len(groups):
        return None
    ids: dict[str, str] = {}
    for text, group in zip(texts, groups, strict=True):
        try:
            found = unpacked(text, len(group))
        except ValueError:
            return None
        if len(found) != len(group):
            return None
        ids |= zip(group, found, strict=True)
    return ids
