"""The `settings` and `objectSettings` of the org definition, deployed as the Salesforce CLI does.

It is the first step of every org and has no entry in pool.yaml.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from provisioner.errors import ErrorKind
from provisioner.salesforce.deploy_body import DeployBody, deploy_body
from provisioner.salesforce.settings import SettingsError, settings_package
from provisioner.steps import deployment
from provisioner.steps.base import Done, Outcome, StartAgain, StepContext, StepFailed
from provisioner.steps.cached_input import CachedInput, cached_input
from provisioner.steps.remote_request import RequestState


@dataclass(frozen=True)
class Settings:
    """Deploys the settings of the org definition.

    Safe to run twice: a second deploy of the same settings changes nothing.
    """

    kind: ClassVar[str] = "settings"

    _made: CachedInput = cached_input()

    def start(self, context: StepContext) -> Outcome:
        """Send the settings, if the definition has any."""
        definition, version = context.definition, context.org.api_version
        if not (definition.get("settings") or definition.get("objectSettings")):
            return Done("no settings")
        wanted = [definition.get(key) for key in ("settings", "objectSettings")]
        key = (version, json.dumps(wanted, sort_keys=True))
        body = self._made.get(key, lambda: _body(definition, version))
        return deployment.start(context, body)

    def poll(self, context: StepContext, state: RequestState) -> Outcome:
        """The status of the deploy."""
        if isinstance(state, StartAgain):
            return self.start(context)
        return deployment.poll(context, state)

    def read_state(self, text: str) -> RequestState:
        """The id of the deploy. Any other text starts the step again, which is safe."""
        return deployment.read_state(text)

    def inputs(self, directory: Path) -> Iterable[bytes]:  # noqa: ARG002 - the contract
        """Nothing: the whole definition is part of the fingerprint."""
        return ()


def _body(definition: Mapping[str, Any], api_version: str) -> DeployBody:
    try:
        package = settings_package(definition, api_version)
    except SettingsError as error:
        raise StepFailed(
            f"org definition: settings: {error}", kind=ErrorKind.CONFIGURATION
        ) from None
    assert package is not None
    return deploy_body(package)
