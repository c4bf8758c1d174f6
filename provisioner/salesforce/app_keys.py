"""Consumer keys that need no registration: the Salesforce CLI's, and the one of an org's own app.

A consumer key identifies an app and is no secret.
"""

from __future__ import annotations

import hashlib

PLATFORM_CLI = "PlatformCLI"
"""The app of the Salesforce CLI, which is in every org. A ledger row has this key from a sign-up
that names it until the org has an app of its own."""


def derived_consumer_key(username: str) -> str:
    """The key that an org's own login app requests: SHA-256 of the lower-case username, in hex.

    Anybody who knows a username can compute it, so the username alone stays enough for a login.
    """
    return hashlib.sha256(username.lower().encode()).hexdigest()
