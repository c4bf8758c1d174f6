"""What a rehearsal takes from the real Dev Hub: how pool.yaml logs in to orgs, and the facts.

A rehearsal needs neither an account nor variables that are set, so nothing here is an error, and
nothing is sent to the Dev Hub.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from provisioner.errors import ConfigError, ProvisionerError
from provisioner.ledger.facts import HubFacts

if TYPE_CHECKING:
    from provisioner.cli.invocation import Invocation


@dataclass(frozen=True)
class RealHub:
    """`login_app` of pool.yaml, and what the ledger knows of the Dev Hub."""

    login_app: Literal["auto", "replicated", "deployed"] = "auto"
    facts: HubFacts = field(default_factory=HubFacts)


def real_hub(call: Invocation) -> RealHub:
    """Read pool.yaml and the ledger; a ledger on the Dev Hub is not asked."""
    from provisioner.cli.known_facts import known_facts
    from provisioner.config.load import load
    from provisioner.declare.secret_values import passwords_in

    try:
        config = load(call.config, environ=call.environ, need="hub_and_ledger")
    except ConfigError:
        return RealHub()  # a variable is not set, for example; a rehearsal needs none
    call.output.hide(passwords_in(config.ledger))
    login_app = config.dev_hub.login_app
    if config.ledger == "devhub":
        return RealHub(login_app)
    try:
        return RealHub(login_app, known_facts(config))
    except ProvisionerError as error:
        first_line = error.message.partition("\n")[0]
        call.output.warn(f"the facts of your Dev Hub could not be read: {first_line}")
        return RealHub(login_app)
