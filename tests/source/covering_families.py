"""Covering projects for the families of types: how files become components and where they go."""

from __future__ import annotations

from collections.abc import Mapping

from tests.source.projects import Covering, apex, below, in_app, xml

_RESOURCE = xml("StaticResource", "<contentType>{}</contentType>")


def _resource(kind: str) -> str:
    return _RESOURCE.format(kind)


FAMILIES: Mapping[str, Covering] = {
    "matching-content": in_app(
        {
            **{k.removeprefix("force-app/main/default/"): v for k, v in apex("A").items()},
            "triggers/T.trigger": "trigger T on Account (before insert) {}",
            "triggers/T.trigger-meta.xml": xml("ApexTrigger"),
            "pages/P.page": "<apex:page/>",
            "pages/P.page-meta.xml": xml("ApexPage"),
            "components/C.component": "<apex:component/>",
            "components/C.component-meta.xml": xml("ApexComponent"),
            "contentassets/logo.asset": b"\x89PNG\0",
            "contentassets/logo.asset-meta.xml": xml("ContentAsset"),
            "certs/c.crt": "-----",
            "certs/c.crt-meta.xml": xml("Certificate"),
            "classes/deep/er/B.cls": "class B {}",
            "classes/deep/er/B.cls-meta.xml": xml("ApexClass"),
            "wave/w.wdf": "{}",
            "wave/w.wdf-meta.xml": xml("WaveDataflow"),
            "dw/s.dwl": "x",
            "dw/s.dwl-meta.xml": xml("DataWeaveResource"),
            "scontrols/s.scf": "x",
            "scontrols/s.scf-meta.xml": xml("Scontrol"),
            "networkBranding/n.networkBranding": "x",
            "networkBranding/n.networkBranding-meta.xml": xml("NetworkBranding"),
        }
    ),
    "default-types": in_app(
        {
            "layouts/X-X Layout.layout-meta.xml": xml("Layout"),
            "layouts/Account-A %28Sales%29 Layout.layout-meta.xml": xml("Layout"),
            "permissionsets/P.permissionset-meta.xml": xml("PermissionSet"),
            "profiles/Admin.profile-meta.xml": xml("Profile"),
            "flows/F.flow-meta.xml": xml("Flow"),
            "tabs/T.tab-meta.xml": xml("CustomTab"),
            "customMetadata/K.R.x.md-meta.xml": xml("CustomMetadata"),
            "standardValueSets/Industry.standardValueSet-meta.xml": xml("StandardValueSet"),
            "settings/Account.settings-meta.xml": xml("AccountSettings"),
            "quickActions/Account.New.quickAction-meta.xml": xml("QuickAction"),
            "flexipages/deeper/F.flexipage-meta.xml": xml("FlexiPage"),
            "emailservices/E.xml-meta.xml": xml("EmailServicesFunction"),
            "sites/S.site-meta.xml": xml("CustomSite"),
            "weblinks/L.weblink-meta.xml": xml("CustomPageWebLink"),
            "remoteSiteSettings/R.remoteSite-meta.xml": xml("RemoteSiteSetting"),
            "groups/G.group-meta.xml": xml("Group"),
            "roles/Boss.role-meta.xml": xml("Role"),
            "queues/Q.queue-meta.xml": xml("Queue"),
            "globalValueSets/G.globalValueSet-meta.xml": xml("GlobalValueSet"),
            "messageChannels/M.messageChannel-meta.xml": xml("LightningMessageChannel"),
            "duplicateRules/Account.D.duplicateRule-meta.xml": xml("DuplicateRule"),
        }
    ),
    "strict-folders-with-shared-suffix": in_app(
        {
            "sites/S.site-meta.xml": xml("CustomSite"),
            "mktDataSources/d.dataSource-meta.xml": xml("DataSource"),
            "dataSources/e.dataSource-meta.xml": xml("ExternalDataSource"),
            "restrictionRules/r.rule-meta.xml": xml("RestrictionRule"),
            "fieldRestrictionRules/f.rule-meta.xml": xml("FieldRestrictionRule"),
            "moderation/m.rule-meta.xml": xml("ModerationRule"),
            "appointmentSchedulingPolicies/a.policy-meta.xml": xml("AppointmentSchedulingPolicy"),
            "appointmentAssignmentPolicies/b.policy-meta.xml": xml("AppointmentAssignmentPolicy"),
            "settings/Account.settings-meta.xml": xml("AccountSettings"),
            "IndustriesManufacturingSettings/i.settings-meta.xml": xml("X"),
            "siteDotComSites/s.site": "x",
            "siteDotComSites/s.site-meta.xml": xml("SiteDotCom"),
        }
    ),
    "static-resources": in_app(
        {
            "staticresources/one.js": "1",
            "staticresources/one.resource-meta.xml": _resource("application/javascript"),
            "staticresources/folder/a.txt": "a",
            "staticresources/folder/deep/b.txt": "b",
            "staticresources/folder.resource-meta.xml": _resource("application/zip"),
            "staticresources/jar/a.txt": "a",
            "staticresources/jar.resource-meta.xml": _resource("application/jar"),
            "staticresources/Dotted.min.css": "x{}",
            "staticresources/Dotted.resource-meta.xml": _resource("text/css"),
            "staticresources/Dup.gif": "gif",
            "staticresources/Dup.png": "png",
            "staticresources/Dup.resource-meta.xml": _resource("image/gif"),
            "staticresources/binary.resource": b"\0\1\2",
            "staticresources/binary.resource-meta.xml": _resource("application/octet-stream"),
            "staticresources/archive.zip": b"PK\5\6" + b"\0" * 18,
            "staticresources/archive.resource-meta.xml": _resource("application/zip"),
        }
    ),
    "lwc-and-aura": in_app(
        {
            "lwc/foo/foo.js": "1",
            "lwc/foo/foo.html": "<template/>",
            "lwc/foo/foo.js-meta.xml": xml("LightningComponentBundle"),
            "lwc/foo/__tests__/foo.test.js": "t",
            "lwc/foo/utils/u.js": "u",
            "lwc/foo/.eslintrc.json": "{}",
            "lwc/jsconfig.json": "{}",
            "lwc/.eslintrc.json": "{}",
            "lwc/README.md": "# x",
            "lwc/noMeta/noMeta.js": "1",
            "lwc/group/lwc/inner/inner.js": "1",
            "lwc/group/lwc/inner/inner.js-meta.xml": xml("LightningComponentBundle"),
            "lwc/empty/": "",
            "aura/Bar/Bar.cmp": "<aura:component/>",
            "aura/Bar/Bar.cmp-meta.xml": xml("AuraDefinitionBundle"),
            "aura/Bar/BarController.js": "({})",
            "aura/Bar/Bar.design": "<design:component/>",
            "aura/Ev/Ev.evt": "<aura:event/>",
            "aura/Ev/Ev.evt-meta.xml": xml("AuraDefinitionBundle"),
            "aura/.eslintrc.json": "{}",
        }
    ),
    "other-bundles": in_app(
        {
            "waveTemplates/t/template-info.json": "{}",
            "waveTemplates/t/folder.json": "{}",
            "genAiFunctions/f/f.genAiFunction-meta.xml": xml("GenAiFunction"),
            "genAiFunctions/f/input/schema.json": "{}",
            "genAiPlannerBundles/p/p.genAiPlannerBundle": xml("GenAiPlannerBundle"),
            "lightningTypes/t/schema.json": "{}",
            "lightningTypes/t/lightningDesktopGenAi/editor.json": "{}",
            "experiencePropertyTypeBundles/e/schema.json": "{}",
            "appTemplates/a/template-info.json": "{}",
            "aiAuthoringBundles/b/b.agent": "x",
            "aiAuthoringBundles/b/b.bundle-meta.xml": xml("AiAuthoringBundle"),
        }
    ),
    "folders-of-reports": in_app(
        {
            "reports/F.reportFolder-meta.xml": xml("ReportFolder"),
            "reports/F/R.a.b.report-meta.xml": xml("Report"),
            "reports/F/Sub.reportFolder-meta.xml": xml("ReportFolder"),
            "reports/F/Sub/Deep.report-meta.xml": xml("Report"),
            "reports/unfiled$public/U.report-meta.xml": xml("Report"),
            "reports/G-meta.xml": xml("ReportFolder"),
            "reports/G/R.report": xml("Report"),
            "dashboards/D.dashboardFolder-meta.xml": xml("DashboardFolder"),
            "dashboards/D/X.dashboard-meta.xml": xml("Dashboard"),
            "email/E.emailFolder-meta.xml": xml("EmailFolder"),
            "email/E/T.email": "Hello",
            "email/E/T.email-meta.xml": xml("EmailTemplate"),
            "email/unfiled$public/T2.email": "Hello",
            "email/unfiled$public/T2.email-meta.xml": xml("EmailTemplate"),
            "documents/Docs.documentFolder-meta.xml": xml("DocumentFolder"),
            "documents/Docs/pic.png": b"\x89PNG",
            "documents/Docs/pic.document-meta.xml": xml("Document"),
            "documents/Docs/no.ext.txt": "x",
            "documents/Docs/no.document-meta.xml": xml("Document"),
            "documents/Other-meta.xml": xml("DocumentFolder"),
            "documents/Other/a.pdf": "x",
            "documents/Other/a.pdf-meta.xml": xml("Document"),
        }
    ),
    "territories": in_app(
        {
            "territory2Models/M/M.territory2Model-meta.xml": xml("Territory2Model"),
            "territory2Models/M/territories/T.territory2-meta.xml": xml("Territory2"),
            "territory2Models/M/rules/R.territory2Rule-meta.xml": xml("Territory2Rule"),
            "territory2Types/Y.territory2Type-meta.xml": xml("Territory2Type"),
        }
    ),
    "experience-bundles": in_app(
        {
            "experiences/site1.site-meta.xml": xml("ExperienceBundle"),
            "experiences/site1/config/c.json": "{}",
            "experiences/site1/views/home.json": "{}",
            "experiences/site1/brandingSets/b.json": "{}",
        }
    ),
    "digital-experiences": in_app(
        {
            "digitalExperiences/site/s1/s1.digitalExperience-meta.xml": xml(
                "DigitalExperienceBundle"
            ),
            "digitalExperiences/site/s1/sfdc_cms__view/home/_meta.json": "{}",
            "digitalExperiences/site/s1/sfdc_cms__view/home/content.json": "{}",
            "digitalExperiences/site/s1/sfdc_cms__view/home/mobile/mobile.json": "{}",
            "digitalExperiences/site/s1/sfdc_cms__view/home/fr.json": "{}",
            "digitalExperiences/site/s1/sfdc_cms__lwc/c/_meta.json": "{}",
            "digitalExperiences/site/s1/sfdc_cms__lwc/c/a/b/help.html": "<p/>",
            "digitalExperiences/site/s1/sfdc_cms__lwc/c/content.json": "{}",
            "digitalExperienceConfigs/s1.digitalExperienceConfig-meta.xml": xml(
                "DigitalExperienceConfig"
            ),
        }
    ),
    "ui-bundles": in_app(
        {
            "uiBundles/app/app.uibundle-meta.xml": xml("UIBundle"),
            "uiBundles/app/ui-bundle.json": '{"outputDir": "dist", '
            '"routing": {"fallback": "/index.html"}}',
            "uiBundles/app/dist/index.html": "<p/>",
            "uiBundles/plain/plain.uibundle-meta.xml": xml("UIBundle"),
            "uiBundles/plain/index.html": "<p/>",
        }
    ),
    "whole-types-with-children": in_app(
        {
            "workflows/Account.workflow-meta.xml": xml(
                "Workflow",
                "<alerts><fullName>A</fullName></alerts><fieldUpdates><fullName>F</fullName>"
                "</fieldUpdates><rules><fullName>R &amp; S</fullName></rules>"
                "<tasks><fullName>T</fullName></tasks>",
            ),
            "sharingRules/Account.sharingRules-meta.xml": xml(
                "SharingRules",
                "<sharingCriteriaRules><fullName>C</fullName></sharingCriteriaRules>"
                "<sharingOwnerRules><fullName>O</fullName></sharingOwnerRules>",
            ),
            "sharingRules/Empty.sharingRules-meta.xml": xml("SharingRules"),
            "assignmentRules/Case.assignmentRules-meta.xml": xml(
                "AssignmentRules", "<assignmentRule><fullName>R</fullName></assignmentRule>"
            ),
            "autoResponseRules/Case.autoResponseRules-meta.xml": xml(
                "AutoResponseRules", "<autoResponseRule><fullName>R</fullName></autoResponseRule>"
            ),
            "escalationRules/Case.escalationRules-meta.xml": xml(
                "EscalationRules", "<escalationRule><fullName>R</fullName></escalationRule>"
            ),
            "matchingRules/Account.matchingRule-meta.xml": xml(
                "MatchingRules", "<matchingRules><fullName>M</fullName></matchingRules>"
            ),
            "managedTopics/N.managedTopics-meta.xml": xml("ManagedTopics"),
        }
    ),
    "several-package-directories": Covering(
        {
            **apex("A", "one/"),
            **apex("B", "two/main/"),
            **below(
                "one/", {"classes/Same.cls": "one", "classes/Same.cls-meta.xml": xml("ApexClass")}
            ),
            **below(
                "two/", {"classes/Same.cls": "two", "classes/Same.cls-meta.xml": xml("ApexClass")}
            ),
            **apex("C", "two/nested/"),
        },
        {
            "packageDirectories": [
                {"path": "./one/", "default": True, "package": "One"},
                {"path": "two"},
                {"path": "two/nested"},
                {"path": "two"},
            ]
        },
    ),
    "whole-project-as-package-directory": Covering(
        {
            **apex("A", ""),
            "README.md": "x",
            "package.json": "{}",
            "manifest/package.xml": "<Package/>",
        },
        {"packageDirectories": [{"path": ".", "default": True}]},
    ),
    "no-version": Covering(apex("A"), {"sourceApiVersion": "58.0"}),
    "empty": Covering({"force-app/README.md": "x"}),
    "metadata-format-in-source": in_app(
        {
            "tabs/T.tab": xml("CustomTab"),
            "objects/Y__c.object": xml("CustomObject", "<label>Y</label>"),
            "layouts/deep/L.layout": xml("Layout"),
            "permissionsets/P.permissionset": xml("PermissionSet"),
        }
    ),
}
