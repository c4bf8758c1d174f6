"""What a result says of one record that was to be deleted."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.fields import Row, flag, optional_text, record_id, rows_in

_GONE_ALREADY = frozenset({"ENTITY_IS_DELETED", "NOT_FOUND", "INVALID_CROSS_REFERENCE_KEY"})


@dataclass(frozen=True)
class Deletion:
    """What became of it. Without a refusal it is deleted, or there was nothing to delete."""

    refusal: str = ""
    is_gone: bool = False  # nothing was there by that id

    @classmethod
    def of(cls, key: str, result: Row) -> Deletion:
        """Read the result for the record `key`; one that is malformed tells of no deletion."""
        try:
            if flag(result, "success"):
                is_same = record_id(result, "id")[:15] == key[:15]
                return cls("" if is_same else "the answer was about another one")
            error = (rows_in(result, "errors") or [{}])[0]
            code = optional_text(error, "statusCode")
            message = optional_text(error, "message", longest=4_000)
        except MalformedAnswerError as malformed:
            return cls(f"the answer was malformed ({malformed})")
        if code in _GONE_ALREADY:
            return cls(is_gone=True)
        return cls(message or code or "no reason given")
