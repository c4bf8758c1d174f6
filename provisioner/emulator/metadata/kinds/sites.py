"""Sites: each has a guest user with a profile of its own."""

from __future__ import annotations

from provisioner.emulator import seeding
from provisioner.emulator.metadata.components import Component
from provisioner.emulator.metadata.kinds.registry import DeployContext, kind
from provisioner.emulator.metadata.kinds.stored import apply_stored

GUEST = "Guest User License"


@kind("CustomSite")
def apply_site(context: DeployContext, component: Component) -> None:
    """A new site brings its guest profile, `LABEL Profile`, which later deploys may change.

    Source: "Guest User Profile" in Salesforce Help; the second deploy of the Trailhead sample apps.
    """
    apply_stored(context, component)
    if component.problems or component.element is None:
        return
    label = component.element.value("masterLabel") or component.full_name
    name = f"{label} Profile"
    if context.store.find_by("Profile", "Name", name):
        return
    licenses = context.store.find_by("UserLicense", "Name", GUEST)
    license_id = (
        str(licenses[0]["Id"])
        if licenses
        else seeding.user_license(context.org, GUEST, "PID_Guest_User", total=25)
    )
    seeding.profile(context.org, name, license_id)
