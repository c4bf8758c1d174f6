"""The package of the login app, byte for byte: Salesforce drops elements that are out of order."""

from __future__ import annotations

import io
import zipfile

import pytest

from provisioner.salesforce.external_client_app import (
    ExternalClientApp,
    enough,
    files,
    package,
)

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n"

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
XMLNS = 'xmlns="http://soap.sforce.com/2006/04/metadata"'

EXPECTED = {
    "package.xml": f"""{HEAD}<Package {XMLNS}>
    <types>
        <members>Login</members>
        <name>ExternalClientApplication</name>
    </types>
    <types>
        <members>Login_plcy</members>
        <name>ExtlClntAppConfigurablePolicies</name>
    </types>
    <types>
        <members>Login_glbloauth</members>
        <name>ExtlClntAppGlobalOauthSettings</name>
    </types>
    <types>
        <members>Login_oauthPlcy</members>
        <name>ExtlClntAppOauthConfigurablePolicies</name>
    </types>
    <types>
        <members>Login_oauth</members>
        <name>ExtlClntAppOauthSettings</name>
    </types>
    <types>
        <members>Login</members>
        <name>PermissionSet</name>
    </types>
    <version>68.0</version>
</Package>
""",
    "externalClientApps/Login.eca": f"""{HEAD}<ExternalClientApplication {XMLNS}>
    <contactEmail>hub@acme.example</contactEmail>
    <description>Logs in &amp; out</description>
    <distributionState>Local</distributionState>
    <isProtected>false</isProtected>
    <label>A login</label>
</ExternalClientApplication>
""",
    "extlClntAppGlobalOauthSets/Login_glbloauth.ecaGlblOauth": f"""\
{HEAD}<ExtlClntAppGlobalOauthSettings {XMLNS}>
    <callbackUrl>http://localhost:1717/OauthRedirect</callbackUrl>
    <certificate>-----BEGIN CERTIFICATE-----
MIIC
-----END CERTIFICATE-----</certificate>
    <consumerKey>0123456789abcdef</consumerKey>
    <externalClientApplication>Login</externalClientApplication>
    <isConsumerSecretOptional>false</isConsumerSecretOptional>
    <isPkceRequired>true</isPkceRequired>
    <isSecretRequiredForRefreshToken>true</isSecretRequiredForRefreshToken>
    <label>Login_glbloauth</label>
    <shouldRotateConsumerKey>false</shouldRotateConsumerKey>
    <shouldRotateConsumerSecret>false</shouldRotateConsumerSecret>
</ExtlClntAppGlobalOauthSettings>
""",
    "extlClntAppOauthSettings/Login_oauth.ecaOauth": f"""{HEAD}<ExtlClntAppOauthSettings {XMLNS}>
    <commaSeparatedOauthScopes>Api, Web, RefreshToken</commaSeparatedOauthScopes>
    <externalClientApplication>Login</externalClientApplication>
    <label>Login_oauth</label>
</ExtlClntAppOauthSettings>
""",
    "extlClntAppOauthPolicies/Login_oauthPlcy.ecaOauthPlcy": f"""\
{HEAD}<ExtlClntAppOauthConfigurablePolicies {XMLNS}>
    <commaSeparatedPermissionSet>Login</commaSeparatedPermissionSet>
    <externalClientApplication>Login</externalClientApplication>
    <ipRelaxationPolicyType>Enforce</ipRelaxationPolicyType>
    <label>Login_oauthPlcy</label>
    <permittedUsersPolicyType>AdminApprovedPreAuthorized</permittedUsersPolicyType>
    <refreshTokenPolicyType>Zero</refreshTokenPolicyType>
    <sessionTimeoutInMinutes>120</sessionTimeoutInMinutes>
</ExtlClntAppOauthConfigurablePolicies>
""",
    "extlClntAppPolicies/Login_plcy.ecaPlcy": f"""{HEAD}<ExtlClntAppConfigurablePolicies {XMLNS}>
    <externalClientApplication>Login</externalClientApplication>
    <isEnabled>true</isEnabled>
    <isOauthPluginEnabled>true</isOauthPluginEnabled>
    <label>Login_plcy</label>
    <startPage>None</startPage>
</ExtlClntAppConfigurablePolicies>
""",
    "permissionsets/Login.permissionset": f"""{HEAD}<PermissionSet {XMLNS}>
    <label>A login</label>
</PermissionSet>
""",
}


def app(consumer_key: str = "0123456789abcdef", existing_in: str = "") -> ExternalClientApp:
    return ExternalClientApp(
        name="Login",
        label="A login",
        description="Logs in & out",
        contact_email="hub@acme.example",
        certificate=CERTIFICATE,
        consumer_key=consumer_key,
        existing_in=existing_in,
    )


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_each_file_has_its_elements_in_the_order_of_the_reference(name: str) -> None:
    assert files(app(), "68.0")[name] == EXPECTED[name]


def test_the_zip_has_these_files_and_no_others() -> None:
    with zipfile.ZipFile(io.BytesIO(package(app(), "68.0"))) as archive:
        assert {n: archive.read(n).decode() for n in archive.namelist()} == EXPECTED


def test_without_a_consumer_key_salesforce_generates_one() -> None:
    text = files(app(consumer_key=""), "68.0")[
        "extlClntAppGlobalOauthSets/Login_glbloauth.ecaGlblOauth"
    ]
    assert "consumerKey>" not in text
    assert "<certificate>" in text, "each deploy carries the certificate"


def test_an_app_that_the_org_has_is_named_with_its_org_as_the_last_element() -> None:
    text = files(app(existing_in="00D000000000001EAA"), "68.0")["externalClientApps/Login.eca"]
    last = "    <orgScopedExternalApp>00D000000000001EAA:Login</orgScopedExternalApp>\n"
    assert text.endswith(last + "</ExternalClientApplication>\n")


@pytest.mark.parametrize(("given", "used"), [("58.0", "60.0"), ("60.0", "60.0"), ("68.0", "68.0")])
def test_an_api_version_that_does_not_know_the_types_is_not_used(given: str, used: str) -> None:
    assert enough(given) == used
