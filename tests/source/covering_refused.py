"""Covering projects that are refused: by the official converter, or by us alone."""

from __future__ import annotations

from collections.abc import Mapping

from tests.source.projects import Covering, D, apex, field_file, in_app, object_file, xml

_ZIP = "<contentType>application/zip</contentType>"


def _ui_bundle(descriptor: str) -> Covering:
    return in_app(
        {
            "uiBundles/a/a.uibundle-meta.xml": xml("UIBundle"),
            "uiBundles/a/ui-bundle.json": descriptor,
            "uiBundles/a/dist/index.html": "<p/>",
        }
    )


REFUSED: Mapping[str, Covering] = {
    "refused-unknown-type": in_app({"x/A.nosuchthing-meta.xml": xml("X")}),
    "refused-meta-without-content": in_app({"classes/A.cls-meta.xml": xml("ApexClass")}),
    "refused-resource-without-content": in_app(
        {"staticresources/r.resource-meta.xml": xml("StaticResource")}
    ),
    "refused-resource-without-meta": in_app({"staticresources/r/a.js": "a"}),
    "refused-resource-folder-of-another-type": in_app(
        {
            "staticresources/r/a.js": "a",
            "staticresources/r.resource-meta.xml": xml(
                "StaticResource", "<contentType>text/css</contentType>"
            ),
        }
    ),
    "refused-resource-folder-without-type": in_app(
        {
            "staticresources/r/a.js": "a",
            "staticresources/r.resource-meta.xml": xml("StaticResource"),
        }
    ),
    "refused-foreign-child": in_app(
        {
            "objects/X__c/X__c.object-meta.xml": object_file(),
            "objects/X__c/layouts/L.layout-meta.xml": xml("Layout"),
        }
    ),
    "refused-translation-without-parent": in_app(
        {
            "objectTranslations/X__c-de/F__c.fieldTranslation-meta.xml": xml(
                "CustomFieldTranslation", "<name>F__c</name>"
            )
        }
    ),
    "refused-bot-version-without-bot": Covering(
        {f"{D}bots/B/v1.botVersion-meta.xml": xml("BotVersion", "<fullName>v1</fullName>")},
        only_we_refuse=True,
    ),
    "refused-malformed-object": Covering(
        {f"{D}objects/X__c/X__c.object-meta.xml": xml("CustomObject", "<label>x</CustomObject>")},
        only_we_refuse=True,
    ),
    "refused-malformed-field": Covering(
        {
            f"{D}objects/X__c/X__c.object-meta.xml": object_file(),
            f"{D}objects/X__c/fields/A__c.field-meta.xml": field_file("A__c", "<a><b></a></b>"),
        },
        only_we_refuse=True,
    ),
    "refused-workflow-rule-without-name": in_app(
        {"workflows/A.workflow-meta.xml": xml("Workflow", "<rules><active>true</active></rules>")}
    ),
    "refused-label-without-name": in_app(
        {
            "labels/CustomLabels.labels-meta.xml": xml(
                "CustomLabels", "<labels><value>1</value></labels>"
            )
        }
    ),
    "refused-missing-package-directory": Covering(
        apex("A"), {"packageDirectories": [{"path": "nowhere", "default": True}]}
    ),
    "refused-absolute-package-directory": Covering(
        apex("A"), {"packageDirectories": [{"path": "/tmp", "default": True}]}
    ),
    "refused-two-defaults": Covering(
        {**apex("A"), "b/x": ""},
        {
            "packageDirectories": [
                {"path": "force-app", "default": True},
                {"path": "b", "default": True},
            ]
        },
    ),
    "refused-no-default": Covering(
        {**apex("A"), "b/x": ""}, {"packageDirectories": [{"path": "force-app"}, {"path": "b"}]}
    ),
    "refused-single-not-default": Covering(
        apex("A"), {"packageDirectories": [{"path": "force-app", "default": False}]}
    ),
    "refused-ui-bundle-without-meta": in_app({"uiBundles/a/index.html": "<p/>"}),
    "refused-ui-bundle-empty": _ui_bundle(" "),
    "refused-ui-bundle-json": _ui_bundle("{"),
    "refused-ui-bundle-list": _ui_bundle("[]"),
    "refused-ui-bundle-no-key": _ui_bundle("{}"),
    "refused-ui-bundle-unknown-key": _ui_bundle('{"x": 1}'),
    "refused-ui-bundle-no-folder": _ui_bundle('{"outputDir": "nowhere"}'),
    "refused-ui-bundle-climbs": _ui_bundle('{"outputDir": "../x"}'),
    "refused-ui-bundle-no-file": _ui_bundle(
        '{"outputDir": "dist", "routing": {"rewrites": [{"route": "/", "rewrite": "no.html"}]}}'
    ),
    "refused-ui-bundle-slash": _ui_bundle('{"routing": {"trailingSlash": "maybe"}}'),
    "refused-ui-bundle-header": _ui_bundle('{"headers": [{"source": ""}]}'),
    "refused-ui-bundle-resource": _ui_bundle('{"mcpResources": [{"name": "a", "path": "a.txt"}]}'),
    "ui-bundle-with-everything": _ui_bundle(
        '{"outputDir": "/dist", "routing": {"rewrites": [{"route": "/", "rewrite": "/index.html"}],'
        ' "redirects": [{"route": "/a", "redirect": "/b", "statusCode": 301}],'
        ' "fallback": "index.html", "trailingSlash": "auto", "fileBasedRouting": true},'
        ' "headers": [{"source": "/", "headers": [{"key": "a", "value": "b"}]}],'
        ' "mcpResources": [{"name": "a.b", "path": "index.html"}]}'
    ),
    "refused-broken-link": Covering(apex("A"), links={f"{D}classes/B.cls": "nowhere"}),
    "refused-typo-in-suffix": in_app(
        {
            "objects/X__c/X__c.object-meta.xml": object_file(),
            "objects/Y__c/Y__c.objct-meta.xml": object_file(),
            "objects/Z__c/fields/F__c.feild-meta.xml": field_file("F__c"),
        }
    ),
    "refused-schema-missing": Covering(
        {
            f"{D}externalServiceRegistrations/E.externalServiceRegistration-meta.xml": xml(
                "ExternalServiceRegistration", "<label>E</label>"
            )
        },
        {"sourceBehaviorOptions": ["decomposeExternalServiceRegistrationBeta"]},
    ),
    "refused-digital-experience-without-meta-json": in_app(
        {
            "digitalExperiences/site/s1/s1.digitalExperience-meta.xml": xml("X"),
            "digitalExperiences/site/s1/sfdc_cms__view/home/content.json": "{}",
        }
    ),
}
