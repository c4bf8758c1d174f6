"""The choices of the forms, and what a page says after an action."""

from __future__ import annotations

from collections.abc import Mapping

CLAIM_LEASES: Mapping[str, str] = {
    "1h": "1 hour",
    "4h": "4 hours",
    "8h": "8 hours",
    "1d": "1 day",
    "3d": "3 days",
    "": "until the org expires",
}
"""The leases that the page offers, as durations of the API; the org may expire earlier."""

EXTENSIONS: Mapping[str, str] = {key: text for key, text in CLAIM_LEASES.items() if key}

DONE: Mapping[str, str] = {
    "claimed": "The org is yours.",
    "extended": "The lease is extended. It never ends later than the org expires.",
    "released": "The org is released and will be deleted.",
    "reused": "The org is released and available again.",
}
"""What a page says after an action, by the word in its address."""
