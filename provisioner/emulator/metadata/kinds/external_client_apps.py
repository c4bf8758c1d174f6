"""External Client Apps: kept as components; the login that they open is not emulated yet."""

from __future__ import annotations

from provisioner.emulator.metadata.components import Component
from provisioner.emulator.metadata.kinds.registry import DeployContext, kind
from provisioner.emulator.metadata.kinds.stored import apply_stored


@kind(
    "ExternalClientApplication",
    "ExtlClntAppGlobalOauthSettings",
    "ExtlClntAppOauthSettings",
    "ExtlClntAppOauthConfigurablePolicies",
    "ExtlClntAppConfigurablePolicies",
)
def apply_external_client_app(context: DeployContext, component: Component) -> None:
    """Keep a part of an app; together they would install it in the org."""
    apply_stored(context, component)
