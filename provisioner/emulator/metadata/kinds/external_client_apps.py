"""External Client Apps: stored as components; login through them is not emulated yet."""

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
    """Store a part of an app. On the platform all parts together install it."""
    apply_stored(context, component)
