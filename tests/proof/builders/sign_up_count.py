"""How many sign-ups are in progress, and orgs active, at the most: as the Dev Hub itself counts."""

from __future__ import annotations

from datetime import datetime, timedelta

from provisioner.emulator.org import EmulatedOrg
from provisioner.emulator.resources.signup import active_count
from provisioner.emulator.sign_up import SignUp


class SignUpCount(dict[str, SignUp]):
    """The running sign-ups of an emulated Dev Hub; each new one is counted with the others.

    The emulator ends a sign-up when it is polled. Here it ends when its duration is over.
    """

    def __init__(self, hub: EmulatedOrg) -> None:
        super().__init__(hub.signups)
        self._hub = hub
        self._ends: list[datetime] = []
        self.most_at_once = 0
        self.most_active = 0

    def __setitem__(self, request_id: str, sign_up: SignUp) -> None:
        """A sign-up starts; called by the emulator under the lock of the store."""
        super().__setitem__(request_id, sign_up)
        now = self._hub.world.now()
        self._ends = [end for end in self._ends if end > now]
        self._ends.append(now + timedelta(seconds=sum(sign_up.progression.durations)))
        self.most_at_once = max(self.most_at_once, len(self._ends))
        self.most_active = max(self.most_active, active_count(self._hub))
