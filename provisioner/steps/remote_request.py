"""The state of a step that Salesforce carries out as one request: the id of that request."""

from __future__ import annotations

import re
from dataclasses import dataclass

from provisioner.steps.base import StartAgain


@dataclass(frozen=True)
class RemoteRequest:
    """Salesforce carries out the request with this id: `0Hf…` an install, `0Af…` a deploy."""

    id: str

    def text(self) -> str:
        """The id."""
        return self.id


RequestState = RemoteRequest | StartAgain


def read_request(text: str, prefix: str) -> RequestState:
    """The state that `text` describes: an id with `prefix`, 15 or 18 characters long.

    Any other text is StartAgain, so it is only for steps that are safe to run twice.
    """
    is_id = re.fullmatch(rf"{prefix}[0-9A-Za-z]{{12}}(?:[0-9A-Za-z]{{3}})?", text)
    return RemoteRequest(text) if is_id else StartAgain()
