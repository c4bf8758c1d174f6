"""The OAuth scopes of an app, by their names in metadata.

Source: docs/reference/external-client-apps.md#scopes; the list is that of the error.
"""

from __future__ import annotations

from collections.abc import Iterable

KNOWN = (
    "Basic", "OfflineAccess", "DataCloudUserClaims", "Email", "Address", "CDPSegment", "Chatbot",
    "CustomApplications", "Full", "Profile", "CDP", "CDPProfile", "RefreshToken", "Phone",
    "PwdlessLogin", "Interaction", "Pardot", "CDPIngest", "CDPIdentityResolution",
    "CustomPermissions", "ForgotPassword", "UserRegistration", "OpenID", "Chatter", "Wave",
    "SFApiPlatform", "SCRT", "Web", "EinsteinGPT", "Lightning", "Content", "CDPCalculatedInsight",
    "Eclair", "Api", "MCP", "CDPQuery",
)  # fmt: skip


def problem(names: Iterable[str]) -> str:
    """What a deploy says of scopes that do not exist; "" if all do.

    The words between the two lists are not known.
    """
    wrong = [one for one in names if one not in KNOWN]
    if not wrong:
        return ""
    return (
        f"There's a problem with your scope(s): {', '.join(wrong)}. "
        f"Valid values are: {', '.join(KNOWN)}"
    )


def listed(text: str) -> list[str]:
    """The names of a list with commas."""
    return [one.strip() for one in text.split(",") if one.strip()]
