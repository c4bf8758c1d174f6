"""The result of the deletion of one record."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.salesforce.answer_json import MalformedAnswerError
from provisioner.salesforce.fields import Row, flag, optional_text, record_id, rows_in

_GONE_ALREADY = frozenset({"ENTITY_IS_DELETED", "NOT_FOUND", "INVALID_CROSS_REFERENCE_KEY"})


@dataclass(frozen=True)
class Deletion:
    """The outcome for one record. Without a refusal it is deleted, or did not exist."""

    refusal: str = ""
    is_gone: bool = False  # there was no record with that id

    @classmethod
    def of(cls, key: str, result: Row) -> Deletion:
        """Read the result for the record `key`. A malformed result counts as a refusal."""
        try:
            if flag(result, "success"):
                is_same = record_id(result, "id")[:15] == key[:15]
                return cls("" if is_same else "the answer is about another record")
            error = (rows_in(result, "errors") or [{}])[0]
            code = optional_text(error, "statusCode")
            message = optional_text(error, "message", longest=4_000)
        except MalformedAnswerError as malformed:
            return cls(f"the answer is malformed ({malformed})")
        if code in _GONE_ALREADY:
            return cls(is_gone=True)
        return cls(message or code or "no reason given")
