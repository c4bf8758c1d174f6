"""How far a data load is, and its state in the ledger between two requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from provisioner.steps.data_chunks import DataLoad
from provisioner.steps.id_runs import ALPHABET, packed, unpacked

LONGEST_IDS = 12_000
"""Characters of ids in a state. It is written twice for each request of a load."""

_NOT_STORED = "~"  # in place of ids that would be longer
_UNKNOWN = "?"  # in place of a number of records
_TEXT = re.compile(
    rf"(\d{{1,9}})/(\d{{1,9}}) (loaded|sending)(\?)? ([0-9a-f]{{8}})"
    r"(?: before:((?:\d{1,9}=(?:\d{1,18}|\?))(?:;\d{1,9}=(?:\d{1,18}|\?))*))?"
    rf"(?: ({ALPHABET}+(?:,{ALPHABET}+)*|{_NOT_STORED}))?"
)


@dataclass(frozen=True)
class LoadState:
    """`done` of `count` requests are answered, of the data with this `digest`.

    `ids`: those of the records that later ones refer to, one `packed` text for each object; None
    when they have more than `LONGEST_IDS` characters: then a file of the host has them. `before`
    and the flags are those of `LoadProgress`.
    """

    done: int
    count: int
    digest: str
    ids: tuple[str, ...] | None = ()
    is_sending: bool = False
    is_unconfirmed: bool = False
    before: Mapping[int, int | None] = field(default_factory=dict)

    def text(self) -> str:
        """`2/5 loaded 1a2b3c4d before:0=1;3=? =001…+9,=003…`.

        `sending` before a request, `?` if unconfirmed. What is empty is left out.
        """
        at = "sending" if self.is_sending else "loaded"
        mark = "?" if self.is_unconfirmed else ""
        ids = _NOT_STORED if self.ids is None else ",".join(self.ids)
        before = ";".join(
            f"{number}={_UNKNOWN if records is None else records}"
            for number, records in self.before.items()
        )
        words = [f"{self.done}/{self.count}", f"{at}{mark}", self.digest]
        return " ".join([*words, *([f"before:{before}"] if before else []), ids]).rstrip()

    @classmethod
    def parse(cls, text: str) -> LoadState:
        """The state that `text` describes. Raises ValueError for another text."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError("not the state of a data load")
        done, count, at, mark, digest, before, ids = match.groups()
        return cls(
            int(done),
            int(count),
            digest,
            None if ids == _NOT_STORED else tuple(ids.split(",")) if ids else (),
            is_sending=at == "sending",
            is_unconfirmed=mark is not None,
            before=_before(before or ""),
        )


def _before(text: str) -> Mapping[int, int | None]:
    pairs = (pair.partition("=") for pair in text.split(";") if pair)
    return {
        int(number): None if records == _UNKNOWN else int(records) for number, _, records in pairs
    }


@dataclass(frozen=True)
class LoadProgress:
    """`done` requests are answered. `ids` are those of the records that later ones refer to.

    `before`: how many records of an object the user had created before the load, None if they
    could not be counted; by the object's position in `DataLoad.objects`. Other objects had none.

    `is_sending`: the next request is sent, or about to be; only the org shows whether it arrived.
    `is_unconfirmed`: an answer was lost before, therefore the records are counted at the end.
    """

    done: int = 0
    ids: Mapping[str, str] = field(default_factory=dict)  # reference id → record id
    is_sending: bool = False
    is_unconfirmed: bool = False
    before: Mapping[int, int | None] = field(default_factory=dict)

    def state(self, load: DataLoad) -> LoadState:
        """The state for the ledger: the ids of the open references, by object."""
        groups = packed_ids(self, load)
        is_short = len(",".join(groups)) <= LONGEST_IDS
        return LoadState(
            self.done,
            len(load.chunks),
            load.digest,
            groups if is_short else None,
            self.is_sending,
            self.is_unconfirmed,
            self.before,
        )

    def after(self, ids: Mapping[str, str], load: DataLoad) -> LoadProgress:
        """One request further; `ids` are those in its answer."""
        known = {**self.ids, **ids}
        still = load.open_references(self.done + 1)
        kept = {reference: known[reference] for reference in still if reference in known}
        return replace(self, done=self.done + 1, ids=kept, is_sending=False)


def packed_ids(progress: LoadProgress, load: DataLoad) -> tuple[str, ...]:
    """The ids of the open references: one `packed` text for each object."""
    return tuple(
        packed(progress.ids[reference] for reference in group)
        for group in load.open_by_object(progress.done)
    )


class IdsLostError(Exception):
    """The ledger did not keep the ids, and the process that had them is gone."""


def progress_of(
    state: LoadState, load: DataLoad, known: LoadProgress | None = None
) -> LoadProgress | None:
    """The progress of `load` in `state`; None when the state is of other data.

    `known` is what this process has in memory, or this host in a file. Raises IdsLostError when
    the ids are neither there nor in the state.
    """
    last = state.count - 1 if state.is_sending else state.count
    if (state.digest, state.count) != (load.digest, len(load.chunks)) or state.done > last:
        return None
    if state.ids is not None:
        ids: Mapping[str, str] | None = ids_of(state.ids, load.open_by_object(state.done))
    elif known is not None and known.done == state.done:
        ids = known.ids
    else:
        raise IdsLostError
    if ids is None:
        return None
    return LoadProgress(state.done, ids, state.is_sending, state.is_unconfirmed, state.before)


def ids_of(texts: tuple[str, ...], groups: list[list[str]]) -> dict[str, str] | None:
    """Reference id → record id; None when `texts` are not those of `groups`."""
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
