"""Logs the Salesforce CLI in with the session of an org, for `login --sf` and `claim --sf`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.errors import UsageError

if TYPE_CHECKING:
    from provisioner.cli.invocation import Invocation
    from provisioner.login import Session
    from provisioner.salesforce.sign_in import Credentials


def sf_options(alias: str, *, default: bool, sf: bool) -> list[str]:
    """The options `--alias` and `--set-default` of `sf`."""
    if (alias or default) and not sf:
        raise UsageError("--alias and --default need --sf", hint="pass --sf as well")
    return [*(("--alias", alias) if alias else ()), *(("--set-default",) if default else ())]


def log_sf_in(
    call: Invocation, sf: str, credentials: Credentials, session: Session, options: list[str]
) -> None:
    """Log the program `sf` in, and print its output. Raises what `hand_over` raises."""
    from provisioner.cli.salesforce_cli import hand_over, is_lasting

    call.output.say(hand_over(sf, credentials, session, call.child_environment(), options))
    if not is_lasting(credentials):
        call.output.warn(
            "pool.yaml has the key itself, not the path of a key file, so sf cannot renew this "
            "session. Run this command again when the session has expired."
        )
