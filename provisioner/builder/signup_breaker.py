"""Slows down and stops sign-ups when sign-ups fail with transient errors.

Failures arrive within seconds, successes within minutes: three failures among ten sign-ups mean
little while seven may still succeed. Therefore failures are compared with the number of undecided
sign-ups. After failures, sign-ups are sent more slowly. They end when several in a row have failed
and none is undecided, or when one build has had too many failures.
"""

from __future__ import annotations

IN_A_ROW = 5  # failures without a success between them, and none undecided: the service is down
PROBES = 5
"""Failed sign-ups, and those that no poll has shown yet, until the first has become an org; more
where more are in progress, so that each poll that shows no failure doubles them."""
HOLD = 3  # failures in a row after which a build waits for the undecided ones
SHORTEST_PAUSE = 5.0  # seconds after a failure until another sign-up; doubles with each in a row …
LONGEST_PAUSE = 60.0  # … up to this
LEAST_BUDGET = 6  # failures that every build may have
BUDGET = 0.5  # failures that a build may have, as a part of the orgs that are wanted


class SignUpBreaker:
    """Counts the sign-ups of one build that fail with transient errors, and those that succeed.

    Pure: the caller passes the time (seconds of a monotonic clock) and the number of undecided
    sign-ups. Not safe to use from several threads at once: a build holds its lock.
    """

    def __init__(self, wanted: int = 0, *, time_scale: float = 1.0) -> None:
        """`wanted` orgs are to be built; `time_scale` is the factor on all pauses."""
        self.budget = max(LEAST_BUDGET, int(wanted * BUDGET))
        self._time_scale = time_scale
        self._failures = 0
        self._in_a_row = 0
        self._has_succeeded = False
        self._resume_at = 0.0
        self._why = ""  # of the last failure

    def succeeded(self) -> None:
        """A sign-up has become an org."""
        self._has_succeeded = True
        self._in_a_row = 0

    def failed(self, now: float, why: str = "") -> None:
        """A sign-up has failed with a transient error; `why` in words."""
        self._why = why
        self._failures += 1
        self._in_a_row += 1
        pause = min(SHORTEST_PAUSE * 2 ** (self._in_a_row - 1), LONGEST_PAUSE)
        self._resume_at = now + pause * self._time_scale

    def wait(self, now: float) -> float:
        """Remaining seconds of the pause."""
        return max(0.0, self._resume_at - now)

    def allows(self, undecided: int, now: float, in_progress: int = 0) -> bool:
        """Whether one more sign-up may be sent while so many are undecided.

        Of these, a poll has shown `in_progress`.
        """
        if self.wait(now) or self.verdict(undecided):
            return False
        if undecided and self._in_a_row >= HOLD:
            return False
        probes = self._in_a_row + undecided - in_progress
        return self._has_succeeded or probes < max(PROBES, in_progress)

    def verdict(self, undecided: int) -> str:
        """Why no further sign-up is sent, "" if one may be sent, now or later."""
        if self._failures >= self.budget:
            return (
                f"{self._failures} sign-ups failed, the maximum of one build; the last error: "
                f"{self._why}"
            )
        if self._in_a_row >= IN_A_ROW and not undecided:
            return f"{self._in_a_row} sign-ups in a row failed; the last error: {self._why}"
        return ""
