"""`check --probe`: asks for confirmation, carries the probe out, and returns the facts."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING

from provisioner.errors import BuildError, UsageError

if TYPE_CHECKING:
    from provisioner.cli.invocation import Invocation
    from provisioner.config.model import PoolFile
    from provisioner.ledger.facts import HubFacts
    from provisioner.output import Output
    from provisioner.probe.quota import Quota


def require_consent(call: Invocation, *, is_agreed: bool) -> None:
    """Raise UsageError when nobody has agreed, and nobody can be asked."""
    if is_agreed or (sys.stdin.isatty() and call.output.err.isatty()):
        return
    raise UsageError(
        "check --probe spends a sign-up, and there is no terminal to ask at; nothing was spent",
        code="not_confirmed",
        hint="run it in a terminal, or pass --yes",
    )


def probe_hub(
    call: Invocation, config: PoolFile, *, is_agreed: bool, time_scale: float
) -> HubFacts:
    """Measure how the Dev Hub behaves. Raises ProvisionerError.

    An error that is neither of a limit nor of a login is a UsageError, as in `check --online`.
    """
    from provisioner.builder.connections import Connections
    from provisioner.builder.run import new_run
    from provisioner.declare.secret_values import passwords_in, secret_values
    from provisioner.ledger import open_ledger
    from provisioner.probe.context import ProbeContext
    from provisioner.probe.run import prepare, probe

    output = call.output
    output.hide((*secret_values(config), *passwords_in(config.ledger)))
    with (
        closing(open_ledger(config.ledger, config.directory, config.dev_hub)) as ledger,
        Connections(config, time_scale=time_scale) as connections,
    ):
        run = new_run()
        context = ProbeContext(
            config, ledger, connections, run, output.say, output.warn, time_scale
        )
        try:
            quota = prepare(context)
            if not is_agreed:
                _ask(output, config, quota)
            with ledger.exclusive(run, wait=False):
                return probe(context).facts
        except BuildError as error:
            text = "\n".join([error.message, *getattr(error, "details", ())])
            raise UsageError(text, code=error.code, hint=error.hint) from None


def _ask(output: Output, config: PoolFile, quota: Quota) -> None:
    """Ask on the terminal. Raises UsageError for any answer but yes."""
    for line in cost(config, quota):
        output.line(line)
    output.line("Continue? [y/N]")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("not confirmed; nothing was spent", code="not_confirmed")


def cost(config: PoolFile, quota: Quota) -> list[str]:
    """What a probe costs, and what is left."""
    is_auto = config.dev_hub.login_app == "auto"
    more = ", or two if the Dev Hub does not copy its app into orgs" if is_auto else ""
    lines = [
        f"The probe of {config.dev_hub.username} costs one sign-up of the daily limit{more}.",
        "It creates one org for one day, takes some minutes, and deletes the org at the end.",
    ]
    if quota.limits is None or quota.allowance is None:
        return [*lines, "This user cannot read what is left of the limits."]
    limits, ours = quota.limits, quota.allowance
    return [
        *lines,
        f"Left: {limits.daily_remaining} of {limits.daily_max} daily sign-ups ({ours.daily} for "
        f"the pools), {limits.active_remaining} of {limits.active_max} active scratch orgs "
        f"({ours.active} for the pools).",
    ]
