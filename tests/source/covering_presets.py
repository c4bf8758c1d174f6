"""Covering projects for presets and customisations of the registry."""

from __future__ import annotations

from collections.abc import Mapping

from tests.source.projects import Covering, D, below, xml

_P = "permissionsets/P/"
_SCHEMA = "openapi: 3.0.0\ninfo:\n  title: 'T'\n  version: 1.0\non: yes\ndate: 2020-01-01\nn: 010\n"


def _with(preset: str, files: Mapping[str, str | bytes]) -> Covering:
    return Covering(below(D, files), {"sourceBehaviorOptions": [preset]})


PRESETS: Mapping[str, Covering] = {
    "preset-labels": _with(
        "decomposeCustomLabelsBeta",
        {
            "labels/CustomLabels/CustomLabels.labels-meta.xml": xml("CustomLabels"),
            "labels/CustomLabels/b.label-meta.xml": xml("CustomLabel", "<fullName>b</fullName>"),
            "labels/CustomLabels/a.label-meta.xml": xml("CustomLabel", "<fullName>a</fullName>"),
        },
    ),
    "preset-labels-2": _with(
        "decomposeCustomLabelsBeta2",
        {
            "labels/b.label-meta.xml": xml("CustomLabel", "<fullName>b</fullName><value>1</value>"),
            "labels/a.label-meta.xml": xml("CustomLabel", "<fullName>a</fullName>"),
            "more/labels/b.label-meta.xml": xml(
                "CustomLabel", "<fullName>b</fullName><value>2</value>"
            ),
        },
    ),
    "preset-labels-2-without-full-name": _with(
        "decomposeCustomLabelsBeta2",
        {"labels/b.label-meta.xml": xml("CustomLabel", "<value>1</value>")},
    ),
    "preset-permission-sets": _with(
        "decomposePermissionSetBeta",
        {
            f"{_P}P.permissionset-meta.xml": xml("PermissionSet", "<label>P</label>"),
            f"{_P}classAccesses/A.classAccess-meta.xml": xml(
                "ClassAccess", "<apexClass>A</apexClass><enabled>true</enabled>"
            ),
            f"{_P}classAccesses/B.classAccess-meta.xml": xml(
                "PermissionSet", "<apexClass>B</apexClass><enabled>true</enabled>"
            ),
            f"{_P}fieldPermissions/X.F.fieldPermission-meta.xml": xml(
                "FieldPermission", "<field>X.F</field>"
            ),
            f"{_P}userPermissions/P.userPermission-meta.xml": xml(
                "UserPermission", "<name>ApiEnabled</name>"
            ),
        },
    ),
    "preset-permission-sets-2": _with(
        "decomposePermissionSetBeta2",
        {
            f"{_P}P.permissionset-meta.xml": xml("PermissionSet", "<label>P</label>"),
            f"{_P}P.classAccess-meta.xml": xml(
                "PermissionSet",
                "<classAccesses><apexClass>A</apexClass></classAccesses>"
                "<classAccesses><apexClass>B</apexClass></classAccesses>",
            ),
            f"{_P}objectSettings/Account.objectSettings-meta.xml": xml(
                "PermissionSet",
                "<objectPermissions><object>Account</object></objectPermissions>"
                "<fieldPermissions><field>Account.F</field></fieldPermissions>",
            ),
            f"{_P}objectSettings/Case.objectSettings-meta.xml": xml(
                "PermissionSet", "<objectPermissions><object>Case</object></objectPermissions>"
            ),
            "permissionsets/Q/Q.permissionset-meta.xml": xml("PermissionSet", "<label>Q</label>"),
        },
    ),
    "preset-sharing-rules": _with(
        "decomposeSharingRulesBeta",
        {
            "sharingRules/Account/Account.sharingRules-meta.xml": xml("SharingRules"),
            "sharingRules/Account/sharingOwnerRules/O.sharingOwnerRule-meta.xml": xml(
                "SharingOwnerRule", "<fullName>O</fullName>"
            ),
            "sharingRules/Account/sharingCriteriaRules/C.sharingCriteriaRule-meta.xml": xml(
                "SharingCriteriaRule", "<fullName>C</fullName>"
            ),
            "sharingRules/Case/sharingOwnerRules/P.sharingOwnerRule-meta.xml": xml(
                "SharingOwnerRule", "<fullName>P</fullName>"
            ),
        },
    ),
    "preset-workflows": _with(
        "decomposeWorkflowBeta",
        {
            "workflows/Account/Account.workflow-meta.xml": xml("Workflow"),
            "workflows/Account/workflowRules/R.workflowRule-meta.xml": xml(
                "WorkflowRule", "<fullName>R</fullName>"
            ),
            "workflows/Account/workflowAlerts/A.workflowAlert-meta.xml": xml(
                "WorkflowAlert", "<fullName>A</fullName>"
            ),
        },
    ),
    "preset-external-services": _with(
        "decomposeExternalServiceRegistrationBeta",
        {
            "externalServiceRegistrations/E.externalServiceRegistration-meta.xml": xml(
                "ExternalServiceRegistration",
                "<label>E</label><schemaUploadFileExtension>yaml</schemaUploadFileExtension>",
            ),
            "externalServiceRegistrations/E.yaml": _SCHEMA,
            "externalServiceRegistrations/J.externalServiceRegistration-meta.xml": xml(
                "ExternalServiceRegistration",
                "<schema>old</schema><schemaUploadFileExtension>json</schemaUploadFileExtension>",
            ),
            "externalServiceRegistrations/J.yaml": _SCHEMA + "list:\n  - 1\n  - a: <b> & 'c'\n",
        },
    ),
    "preset-unknown": Covering({"force-app/x": ""}, {"sourceBehaviorOptions": ["noSuchPreset"]}),
    "older-preset-key": Covering(
        below(D, {"labels/a.label-meta.xml": xml("CustomLabel", "<fullName>a</fullName>")}),
        {"registryPresets": ["decomposeCustomLabelsBeta2"]},
    ),
    "customised-registry": Covering(
        below(
            D,
            {
                "widgets/W.widget-meta.xml": xml("Widget"),
                "tabs/T.tab-meta.xml": xml("CustomTab"),
                "gadgets/G.gadget": "x",
                "gadgets/G.gadget-meta.xml": xml("Gadget"),
            },
        ),
        {
            "registryCustomizations": {
                "types": {
                    "widget": {
                        "id": "widget",
                        "name": "Widget",
                        "suffix": "widget",
                        "directoryName": "widgets",
                    },
                    "gadget": {
                        "id": "gadget",
                        "name": "Gadget",
                        "suffix": "gadget",
                        "directoryName": "gadgets",
                        "strategies": {"adapter": "matchingContentFile"},
                    },
                },
                "suffixes": {"widget": "widget", "gadget": "gadget"},
                "strictDirectoryNames": {},
                "childTypes": {},
            }
        },
    ),
    "customisation-that-climbs-out": Covering(
        {"force-app/x": ""},
        {
            "registryCustomizations": {
                "types": {"w": {"id": "w", "name": "W", "suffix": "w", "directoryName": "../w"}},
                "suffixes": {"w": "w"},
                "strictDirectoryNames": {},
                "childTypes": {},
            }
        },
    ),
}
