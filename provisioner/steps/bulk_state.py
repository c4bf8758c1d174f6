"""The state in the ledger of a load by Bulk API jobs: one job after the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Phase = Literal["", "created", "closing"]

_TEXT = re.compile(
    r"job (\d{1,9})/(\d{1,9}) ([0-9a-f]{8}) (\d{1,12})\+(\d{1,12})"
    r"(?: (created|closing) (750[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?) (\d{1,12}))?"
)


@dataclass(frozen=True)
class BulkState:
    """`done` of `count` jobs are over, of the data with this `digest`.

    `created`: the job exists and was not closed, so none of its rows is loaded. `closing`: its
    data is complete, and it was or will be closed; the org says which.
    """

    done: int
    count: int
    digest: str
    loaded: int = 0  # rows of the jobs that are over
    failed: int = 0
    phase: Phase = ""
    job: str = ""
    rows: int = 0  # that were sent to `job`

    def text(self) -> str:
        """`job 1/3 1a2b3c4d 990+10 closing 750… 1000`."""
        words = ["job", f"{self.done}/{self.count}", self.digest, f"{self.loaded}+{self.failed}"]
        return " ".join([*words, *([self.phase, self.job, str(self.rows)] if self.phase else [])])

    @classmethod
    def parse(cls, text: str) -> BulkState:
        """The state that `text` describes. Raises ValueError for another text."""
        match = _TEXT.fullmatch(text)
        if match is None or not text.isascii():
            raise ValueError("not the state of a load by jobs")
        done, count, digest, loaded, failed, phase, job, rows = match.groups()
        numbers = (int(loaded), int(failed))
        if phase is None:
            return cls(int(done), int(count), digest, *numbers)
        is_closing = phase == "closing"
        return cls(
            int(done), int(count), digest, *numbers,
            "closing" if is_closing else "created", job, int(rows),
        )  # fmt: skip
