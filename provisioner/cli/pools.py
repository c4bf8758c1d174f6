"""Shared by the commands about claims: pool.yaml with its ledger, and the reading of options."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from provisioner.claim.owner import clean_text, default_owner
from provisioner.cli.invocation import DEFAULT_CONFIG, Invocation
from provisioner.declare.duration import format_duration, parse_duration
from provisioner.errors import UsageError
from provisioner.ledger import open_ledger
from provisioner.ledger.broken import BrokenRowError

if TYPE_CHECKING:
    from provisioner.config.ledger_part import LedgerPart
    from provisioner.ledger.base import Ledger

LONGEST = timedelta(days=30)  # the maximum life of a scratch org (docs/reference/sign-up.md#fields)


@contextmanager
def pools_and_ledger(
    call: Invocation, *, for_claims: bool = True, warns: bool = True
) -> Iterator[tuple[LedgerPart, Ledger]]:
    """The part of pool.yaml that claims need, and its ledger, which is closed at the end.

    With `warns`, a warning is printed at the end for each broken row that was found, except for the
    one that the error of the block is about.
    """
    part = call.load_ledger_part(for_claims=for_claims)
    ledger = open_ledger(part.ledger, part.directory, part.dev_hub)
    reported = ""
    try:
        yield part, ledger
    except BrokenRowError as error:
        reported = error.username
        raise
    finally:
        if warns:
            warn_of_broken(call, ledger, reported)
        ledger.close()


def warn_of_broken(call: Invocation, ledger: Ledger, reported: str = "") -> None:
    """Print a warning for each row that the command could not read or change.

    `reported` is the username of a row that an error names.
    """
    for row in ledger.broken():
        if not reported or row.username != reported:
            call.output.warn(str(row))


def given(text: str | None, option: str) -> str:
    """The value of an option, or "" if it was not given.

    Raises UsageError for a blank value: it usually comes from a variable that a script did not set.
    """
    if text is None:
        return ""
    cleaned = clean_text(text, option)
    if not cleaned:
        raise UsageError(f"{option} is empty", hint="pass a value, or omit the option")
    return cleaned


def owner_of(call: Invocation, text: str | None) -> str:
    """The value of `--owner`, by default the current user."""
    return given(text, "--owner") or default_owner(call.child_environment())


def duration(text: str | None, option: str, *, least: timedelta = timedelta()) -> timedelta | None:
    """The duration in an option, or None if it was not given. Raises UsageError."""
    if text is None:
        return None
    try:
        length = parse_duration(text.strip(" "))
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None
    if not least <= length <= LONGEST:
        bounds = f"{format_duration(least)} to {format_duration(LONGEST)}"
        raise UsageError(f"{option}: {text} is out of range", hint=f"pass {bounds}")
    return length


def command_line(call: Invocation, command: str) -> str:
    """The command line of another command with the same pool.yaml."""
    if call.config == DEFAULT_CONFIG:
        return f"provisioner {command}"
    import shlex

    return f"provisioner --config {shlex.quote(str(call.config))} {command}"
