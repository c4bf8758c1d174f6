"""How sign-ups that fail in passing are repeated, how many at once, and when no more are sent.

Failures arrive within seconds and successes within minutes: three failures among ten sign-ups
say nothing while seven may still succeed. So failures are held against the sign-ups that are
undecided, sending slows down, and it ends on evidence only: several failures in a row and none
undecided that could speak for the service, or more failures than the night may spend.
"""

from __future__ import annotations

IN_A_ROW = 5  # failures without a success between them, and nothing undecided: the service is down
PROBES = 5  # sign-ups failed and undecided together, as long as none has become an org
HOLD = 3  # failures in a row after which the undecided ones are waited for
SHORTEST_PAUSE = 5.0  # seconds after a failure until another sign-up; doubles with each in a row …
LONGEST_PAUSE = 60.0  # … up to this
LEAST_BUDGET = 6  # failures that any night may spend
BUDGET = 0.5  # of the orgs that are wanted: failures that a night may spend


class SignUpBreaker:
    """Counts the sign-ups of one build that end in passing failures, and those that succeed.

    Pure: the caller brings the time (seconds of a clock that does not jump) and the number of
    sign-ups that are undecided. Not safe to use from several threads at once.
    """

    def __init__(self, wanted: int = 0, *, time_scale: float = 1.0) -> None:
        """`wanted` orgs are to be built; `time_scale` is the factor on all pauses."""
        self.budget = max(LEAST_BUDGET, int(wanted * BUDGET))
        self._time_scale = time_scale
        self._failures = 0
        self._in_a_row = 0
        self._has_succeeded = False
        self._resume_at = 0.0
        self._why = ""  # the last failed

    def succeeded(self) -> None:
        """A sign-up has become an org."""
        self._has_succeeded = True
        self._in_a_row = 0

    def failed(self, now: float, why: str = "") -> None:
        """A sign-up has ended in an error that may pass; `why` in words."""
        self._why = why
        self._failures += 1
        self._in_a_row += 1
        pause = min(SHORTEST_PAUSE * 2 ** (self._in_a_row - 1), LONGEST_PAUSE)
        self._resume_at = now + pause * self._time_scale

    def wait(self, now: float) -> float:
        """Seconds of the pause that are left."""
        return max(0.0, self._resume_at - now)

    def allows(self, undecided: int, now: float) -> bool:
        """Whether one more sign-up may be sent beside those that are undecided."""
        if self.wait(now) or self.verdict(undecided):
            return False
        if undecided and self._in_a_row >= HOLD:
            return False
        return self._has_succeeded or self._in_a_row + undecided < PROBES

    def verdict(self, undecided: int) -> str:
        """Why no more sign-ups are to be sent, "" when some may be."""
        if self._failures >= self.budget:
            return (
                f"{self._failures} sign-ups failed, the maximum of one build; the last: {self._why}"
            )
        if self._in_a_row >= IN_A_ROW and not undecided:
            return f"{self._in_a_row} sign-ups in a row failed; the last: {self._why}"
        return ""
