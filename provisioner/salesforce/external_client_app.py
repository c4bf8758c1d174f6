"""The External Client App that lets a private key log in: its metadata package.

Salesforce takes the parts of the app only in one deploy, and silently drops an element that is not
in the order of the metadata reference; tests compare the files byte for byte. Source:
docs/reference/external-client-apps.md#the-five-types.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from provisioner.archive import zipped
from provisioner.salesforce.definition import CALLBACK_URL

LEAST_API_VERSION = 60
NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
SCOPES = "Api, Web, RefreshToken"
"""`Web` is for links that open a browser. Without `RefreshToken`, Salesforce refuses JWT logins."""

SETTINGS_TYPE = "ExtlClntAppGlobalOauthSettings"


@dataclass(frozen=True, kw_only=True)
class ExternalClientApp:
    """The app, and the permission set that pre-authorizes its users."""

    name: str  # API name of the app and of its permission set
    label: str
    description: str
    contact_email: str
    certificate: str  # PEM; its presence enables the JWT bearer flow
    consumer_key: str = ""  # the requested one; "" lets Salesforce generate it
    existing_in: str = ""  # 18-character id of the org, when it has the app already
    set_description: str = ""  # of the permission set
    permissions: str = ""  # elements of the permission set that follow its label, as XML


def settings_name(app_name: str) -> str:
    """API name of the part that has the consumer key."""
    return f"{app_name}_glbloauth"


def package(app: ExternalClientApp, api_version: str) -> bytes:
    """The zip of the whole app, with package.xml at its root."""
    return zipped({name: text.encode() for name, text in files(app, api_version).items()})


def files(app: ExternalClientApp, api_version: str) -> dict[str, str]:
    """The files of the package by path."""
    parts = {
        ("ExternalClientApplication", "externalClientApps", app.name, "eca"): _application(app),
        (SETTINGS_TYPE, "extlClntAppGlobalOauthSets", settings_name(app.name), "ecaGlblOauth"):
            _global_settings(app),
        ("ExtlClntAppOauthSettings", "extlClntAppOauthSettings", f"{app.name}_oauth", "ecaOauth"):
            _settings(app),
        (
            "ExtlClntAppOauthConfigurablePolicies", "extlClntAppOauthPolicies",
            f"{app.name}_oauthPlcy", "ecaOauthPlcy",
        ): _oauth_policies(app),
        (
            "ExtlClntAppConfigurablePolicies", "extlClntAppPolicies", f"{app.name}_plcy", "ecaPlcy",
        ): _policies(app),
    }  # fmt: skip
    found = {
        f"{folder}/{name}.{suffix}": _file(kind, elements)
        for (kind, folder, name, suffix), elements in parts.items()
    }
    found[f"permissionsets/{app.name}.permissionset"] = _permission_set(app)
    members = {kind: name for kind, _, name, _ in parts} | {"PermissionSet": app.name}
    return {"package.xml": _manifest(members, api_version), **found}


def _application(app: ExternalClientApp) -> Iterable[tuple[str, str]]:
    yield "contactEmail", app.contact_email
    yield "description", app.description
    yield "distributionState", "Local"
    yield "isProtected", "false"
    yield "label", app.label
    if app.existing_in:  # without it, the deploy would be a second app of this name
        yield "orgScopedExternalApp", f"{app.existing_in}:{app.name}"


def _global_settings(app: ExternalClientApp) -> Iterable[tuple[str, str]]:
    yield "callbackUrl", CALLBACK_URL
    yield "certificate", app.certificate.strip()
    if app.consumer_key:
        yield "consumerKey", app.consumer_key
    yield "externalClientApplication", app.name
    yield "isConsumerSecretOptional", "false"
    yield "isPkceRequired", "true"  # Salesforce sets it back to true in any case
    yield "isSecretRequiredForRefreshToken", "true"
    yield "label", settings_name(app.name)
    yield "shouldRotateConsumerKey", "false"
    yield "shouldRotateConsumerSecret", "false"


def _settings(app: ExternalClientApp) -> Iterable[tuple[str, str]]:
    yield "commaSeparatedOauthScopes", SCOPES
    yield "externalClientApplication", app.name
    yield "label", f"{app.name}_oauth"


def _oauth_policies(app: ExternalClientApp) -> Iterable[tuple[str, str]]:
    yield "commaSeparatedPermissionSet", app.name
    yield "externalClientApplication", app.name
    yield "ipRelaxationPolicyType", "Enforce"
    yield "label", f"{app.name}_oauthPlcy"
    yield "permittedUsersPolicyType", "AdminApprovedPreAuthorized"
    yield "refreshTokenPolicyType", "Zero"  # nobody gets a refresh token from this app
    yield "sessionTimeoutInMinutes", "120"


def _policies(app: ExternalClientApp) -> Iterable[tuple[str, str]]:
    yield "externalClientApplication", app.name
    yield "isEnabled", "true"
    yield "isOauthPluginEnabled", "true"
    yield "label", f"{app.name}_plcy"
    yield "startPage", "None"


def _permission_set(app: ExternalClientApp) -> str:
    texts = {"description": app.set_description, "label": app.label}
    lines = [f"    <{name}>{escape(text)}</{name}>\n" for name, text in texts.items() if text]
    return _document("PermissionSet", "".join(lines) + app.permissions)


def _file(kind: str, elements: Iterable[tuple[str, str]]) -> str:
    lines = [f"    <{name}>{escape(text)}</{name}>\n" for name, text in elements]
    return _document(kind, "".join(lines))


def _manifest(members: Mapping[str, str], api_version: str) -> str:
    types = [
        f"    <types>\n        <members>{name}</members>\n        <name>{kind}</name>\n"
        "    </types>\n"
        for kind, name in sorted(members.items())
    ]
    return _document("Package", "".join(types) + f"    <version>{api_version}</version>\n")


def _document(root: str, content: str) -> str:
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f'{head}<{root} xmlns="{NAMESPACE}">\n{content}</{root}>\n'


def enough(api_version: str) -> str:
    """`api_version`, or the least one that knows these types."""
    return max(api_version, f"{LEAST_API_VERSION}.0", key=float)
