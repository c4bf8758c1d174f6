"""Any state of each kind of step, for property tests."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from provisioner.steps.base import StartAgain, StepState
from provisioner.steps.bulk_state import BulkState
from provisioner.steps.id_runs import packed
from provisioner.steps.install_dependencies import Installing
from provisioner.steps.install_package import Sending
from provisioner.steps.load_progress import LONGEST_IDS, LoadState
from provisioner.steps.remote_request import RemoteRequest
from provisioner.steps.run_apex import ScriptSent
from provisioner.steps.run_command import CommandStarted
from provisioner.steps.snapshot import SnapshotState

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_COUNTS = st.integers(0, 999_999_999)
_FLAGS = st.booleans()
_DIGESTS = st.text("0123456789abcdef", min_size=8, max_size=8)


class Text:
    """A state with any text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def text(self) -> str:
        """The text."""
        return self._text


def ids(prefix: str) -> st.SearchStrategy[str]:
    """Record ids of one object, 15 or 18 characters long."""
    ends = st.sampled_from([12, 15]).flatmap(
        lambda length: st.text(_DIGITS, min_size=length, max_size=length)
    )
    return ends.map(lambda end: prefix + end)


def requests(prefix: str) -> st.SearchStrategy[StepState]:
    """A request with an id, or one that ended without effect."""
    return st.one_of(ids(prefix).map(RemoteRequest), st.just(StartAgain()))


_RUNS = st.lists(ids("001"), min_size=1, max_size=5).map(packed)
_LONGEST_RUN = packed(f"001{number * number * 62**4:012d}" for number in range(750))
_GROUPS = st.one_of(
    st.none(),
    st.lists(_RUNS, max_size=5).map(tuple),
    st.just((_LONGEST_RUN[:LONGEST_IDS],)),
)

_JOBS = st.one_of(
    st.builds(BulkState, _COUNTS, _COUNTS, _DIGESTS, _COUNTS, _COUNTS),
    st.builds(
        BulkState,
        _COUNTS,
        _COUNTS,
        _DIGESTS,
        _COUNTS,
        _COUNTS,
        st.sampled_from(["created", "closing"]),
        ids("750"),
        _COUNTS,
    ),
)

_TREES = st.builds(
    LoadState,
    _COUNTS,
    _COUNTS,
    _DIGESTS,
    _GROUPS,
    _FLAGS,
    _FLAGS,
    st.dictionaries(_COUNTS, st.one_of(st.none(), _COUNTS), max_size=20),
)

STATES: Mapping[str, st.SearchStrategy[StepState]] = {
    "settings": requests("0Af"),
    "install_package": st.one_of(requests("0Hf"), st.just(Sending())),
    "install_dependencies": st.one_of(
        st.builds(Installing, ids("04t"), st.one_of(ids("0Hf"), st.just(""))), st.just(StartAgain())
    ),
    "deploy_source": requests("0Af"),
    "deploy_metadata": requests("0Af"),
    "create_users": st.just(StartAgain()),
    "assign_permission_sets": st.just(StartAgain()),
    "load_data": _TREES,
    "load_data snowfakery": _TREES,
    "load_data csv": _JOBS,
    "load_data sfdmu": _JOBS,
    "load_data files": st.just(StartAgain()),
    "run_apex": st.sampled_from([ScriptSent(), StartAgain()]),
    "snapshot": st.sampled_from([SnapshotState(), SnapshotState("0Oo000000000001AAA")]),
    "run_command": st.sampled_from([CommandStarted(), StartAgain()]),
    "verification": st.just(StartAgain()),
}
