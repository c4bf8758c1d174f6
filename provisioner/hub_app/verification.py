"""Verifies the app by a JWT login of the build user, as a build makes it.

A new app is usable only after minutes, and a new certificate may need some as well. Until then the
refusals of the login mean nothing (docs/reference/external-client-apps.md#first-minutes-of-an-app).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from provisioner.errors import LoginError
from provisioner.ledger.account import hub_credentials
from provisioner.salesforce.login_errors import NOT_YET, OTHER_KEY
from provisioner.salesforce.post import post_form
from provisioner.salesforce.sign_in import SignIn

if TYPE_CHECKING:
    from provisioner.config.hub import DevHub

LONGEST = 30 * 60  # seconds
POLL = 10


def verify(
    hub: DevHub,
    consumer_key: str,
    instance_url: str,
    *,
    say: Callable[[str], None],
    time_scale: float,
) -> None:
    """Log in with the first private key, again and again while the app is new.

    Raises LoginError for another refusal, or when half an hour is over.
    """
    account = replace(hub, consumer_key=consumer_key, login_url=instance_url, former_key=None)
    sign_in = SignIn(time_scale=time_scale)
    for number in range(LONGEST // POLL):
        try:
            sign_in(hub_credentials(account), post_form)
            return
        except LoginError as error:
            refusal = error
            if not (error.is_transient or error.code in NOT_YET | OTHER_KEY):
                break
        if number == 0:
            say("waiting for the app: a new one is usable after 2 to 10 minutes, rarely 30")
        time.sleep(POLL * time_scale)
    refusal.hint = (
        f"{refusal.hint}; the app is deployed, with the consumer key {consumer_key}: run the "
        "command again later"
    )
    raise refusal
