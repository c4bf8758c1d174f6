"""Covering projects for what is odd but legal: names, places, bytes."""

from __future__ import annotations

from collections.abc import Mapping

from tests.source.projects import Covering, D, apex, below, field_file, in_app, object_file, xml

ODD: Mapping[str, Covering] = {
    "content-without-meta": Covering({**apex("A"), f"{D}classes/Alone.cls": "class Alone {}"}),
    "readme-in-custom-metadata": in_app(
        {
            "customMetadata/README.md": "# x",
            "customMetadata/K.R.md-meta.xml": xml("CustomMetadata"),
        }
    ),
    "loose-files": in_app(
        {
            "README.md": "x",
            "package.xml": "<x/>",
            "other.xml": f"<Package xmlns='{'x'}'/>",
            "notes.txt": "x",
            "scripts/a.apex": "x",
            "objects/README.md": "x",
            "flows/notes.txt": "x",
            "data/Account.json": "{}",
            **{k.removeprefix(D): v for k, v in apex("A").items()},
        }
    ),
    "backup-of-a-meta-file": Covering({**apex("A"), f"{D}classes/A.cls-meta.xml.bak": "old"}),
    "names-with-blanks-and-unicode": in_app(
        {
            "layouts/Account-\u00c4 \u00e9 e\u0301 \u65e5\u672c.layout-meta.xml": xml("Layout"),
            "reports/A B/C D.report-meta.xml": xml("Report"),
            "staticresources/m\u00fc.txt": "x",
            "staticresources/m\u00fc.resource-meta.xml": xml(
                "StaticResource", "<contentType>text/plain</contentType>"
            ),
            "lwc/foo/\u00fc \u0075\u0308.html": "x",
            "lwc/foo/foo.js-meta.xml": xml("LightningComponentBundle"),
        }
    ),
    "percent-escapes": in_app(
        {
            "layouts/A-v1%2E3.layout-meta.xml": xml("Layout", "1"),
            "layouts/A-v1.3.layout-meta.xml": xml("Layout", "2"),
            "layouts/B-100%.layout-meta.xml": xml("Layout"),
            "profiles/Custom%3A Sales.profile-meta.xml": xml("Profile"),
        }
    ),
    "member-order": Covering(
        {
            **apex("A10"),
            **apex("A1_"),
            **apex("a"),
            **apex("Z"),
            **apex("\u00e4"),
            **apex("\U0001f600"),
            **apex("\uff5e"),
        }
    ),
    "malformed-files-that-are-copied": in_app(
        {
            "layouts/L.layout-meta.xml": "<Layout><a></Layout>",
            "classes/A.cls": b"\xff\xfe",
            "classes/A.cls-meta.xml": "not xml at all",
        }
    ),
    "folders-of-other-types-below-objects": in_app(
        {
            "objects/Account/layouts/L.layout-meta.xml": xml("Layout"),
            "objects/Account/fields/A__c.field-meta.xml": field_file("A__c"),
        }
    ),
    "classes-in-an-odd-folder": in_app(
        {
            "feature/A.cls": "class A {}",
            "feature/A.cls-meta.xml": xml("ApexClass"),
            "feature/objects/X__c/X__c.object-meta.xml": object_file(),
            "feature/T.tab-meta.xml": xml("CustomTab"),
        }
    ),
    "links-inside-the-project": Covering(
        {**apex("A", "shared/"), **apex("B")},
        links={
            f"{D}shared": "../../../shared",
            f"{D}classes/C.cls": "B.cls",
            f"{D}classes/C.cls-meta.xml": "B.cls-meta.xml",
        },
    ),
    "empty-files": in_app({"classes/A.cls": "", "classes/A.cls-meta.xml": ""}),
    "legacy-suffix": in_app({"weblinks/A.custompageweblink-meta.xml": xml("CustomPageWebLink")}),
    "many-folders-of-one-type": Covering(
        {
            **below(f"{D}a/classes/", {"A.cls": "a", "A.cls-meta.xml": xml("ApexClass")}),
            **below(f"{D}b/classes/", {"A.cls": "b", "A.cls-meta.xml": xml("ApexClass")}),
        }
    ),
    "email-template-folder-suffix": in_app(
        {"email/E.emailTemplateFolder-meta.xml": xml("EmailFolder")}
    ),
    "nested-document-folder": in_app(
        {
            "documents/F.documentFolder-meta.xml": xml("DocumentFolder"),
            "documents/F/a.txt": "a",
            "documents/F/a.txt-meta.xml": xml("Document"),
        }
    ),
    "experience-without-site-meta": in_app({"experiences/s/config/c.json": "{}"}),
    "bundle-meta-file-loose-in-lwc": in_app(
        {"lwc/foo.js-meta.xml": xml("LightningComponentBundle"), "lwc/bar/bar.js": "1"}
    ),
}
