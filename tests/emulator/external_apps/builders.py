"""The files of an External Client App, in the order of the reference, and small changes of them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from tests.emulator.metadata.builders import XMLNS, package_xml, permission_set, zipped

Values = Mapping[str, str | None]
APP, SET = "Pool_Login", "Pool_Login_Users"
FILES = {
    "ExternalClientApplication": f"externalClientApps/{APP}.eca",
    "ExtlClntAppGlobalOauthSettings": f"extlClntAppGlobalOauthSets/{APP}_glbl.ecaGlblOauth",
    "ExtlClntAppOauthSettings": f"extlClntAppOauthSettings/{APP}_oauth.ecaOauth",
    "ExtlClntAppOauthConfigurablePolicies": f"extlClntAppOauthPolicies/{APP}_op.ecaOauthPlcy",
    "ExtlClntAppConfigurablePolicies": f"extlClntAppPolicies/{APP}_plcy.ecaPlcy",
    "PermissionSet": f"permissionsets/{SET}.permissionset",
}
GLOBAL, OAUTH = "ExtlClntAppGlobalOauthSettings", "ExtlClntAppOauthSettings"
OAUTH_POLICY, POLICY = "ExtlClntAppOauthConfigurablePolicies", "ExtlClntAppConfigurablePolicies"
ECA = "ExternalClientApplication"


def element_lists(certificate: str) -> dict[str, dict[str, str]]:
    """The elements of each of the five files, in order."""
    return {
        ECA: {
            "contactEmail": "admin@acme.example",
            "description": "Logs in to orgs of a pool",
            "distributionState": "Local",
            "isProtected": "false",
            "label": "Pool Login",
        },
        GLOBAL: {
            "callbackUrl": "http://localhost:1717/OauthRedirect",
            "certificate": certificate,
            "externalClientApplication": APP,
            "isConsumerSecretOptional": "false",
            "isPkceRequired": "false",
            "isSecretRequiredForRefreshToken": "false",
            "label": "Pool Login Global",
            "shouldRotateConsumerKey": "false",
            "shouldRotateConsumerSecret": "false",
        },
        OAUTH: {
            "commaSeparatedOauthScopes": "Api, RefreshToken, Web",
            "externalClientApplication": APP,
            "label": "Pool Login OAuth",
        },
        OAUTH_POLICY: {
            "commaSeparatedPermissionSet": SET,
            "externalClientApplication": APP,
            "ipRelaxationPolicyType": "Bypass",
            "label": "Pool Login Policy",
            "permittedUsersPolicyType": "AdminApprovedPreAuthorized",
            "refreshTokenPolicyType": "Zero",
            "sessionTimeoutInMinutes": "120",
        },
        POLICY: {
            "externalClientApplication": APP,
            "isEnabled": "true",
            "isOauthPluginEnabled": "true",
            "label": "Pool Login Plugins",
            "startPage": "None",
        },
    }


def app_zip(
    certificate: str,
    changes: Mapping[str, Values] | None = None,
    *,
    without: tuple[str, ...] = (),
    reverse: str = "",
    version: str = "68.0",
    sets: tuple[str, ...] = (SET,),
) -> bytes:
    """The zip of an app. `changes` sets elements of a type, in order; None leaves one out.

    The elements of the type `reverse` are in the wrong order.
    """
    files = {}
    for kind, elements in element_lists(certificate).items():
        changed = {**elements, **(changes or {}).get(kind, {})}
        names = sorted(name for name, value in changed.items() if value is not None)
        if kind == reverse:
            names.reverse()
        inner = "".join(f"<{name}>{changed[name]}</{name}>" for name in names)
        files[kind] = f"<{kind} {XMLNS}>{inner}</{kind}>"
    chosen = {FILES[kind]: text for kind, text in files.items() if kind not in without}
    members = {kind: _name(FILES[kind]) for kind in files if kind not in without}
    if "PermissionSet" not in without:
        members["PermissionSet"] = " ".join(sets)
        chosen |= {f"permissionsets/{one}.permissionset": permission_set() for one in sets}
    return zipped({"package.xml": package_xml(members, version), **chosen})


def unzipped(zip_bytes: bytes) -> dict[str, str]:
    """The files of a zip."""
    with zipfile.ZipFile(io.BytesIO(zip_bytes)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def _name(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]
