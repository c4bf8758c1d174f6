"""Covering projects for .forceignore."""

from __future__ import annotations

from collections.abc import Mapping

from tests.source.projects import Covering, D, apex, below, field_file, object_file, xml

_BUNDLE = below(
    D,
    {
        "lwc/foo/foo.js": "1",
        "lwc/foo/foo.js-meta.xml": xml("LightningComponentBundle"),
        "lwc/foo/__tests__/t.js": "t",
        "lwc/foo/.hidden": "h",
        "lwc/kept/kept.js": "1",
        "lwc/kept/kept.js-meta.xml": xml("LightningComponentBundle"),
        "lwc/only/.gitkeep": "",
    },
)
_OBJECT = below(
    D,
    {
        "objects/X__c/X__c.object-meta.xml": object_file(),
        "objects/X__c/fields/A__c.field-meta.xml": field_file("A__c"),
        "objects/X__c/fields/B__c.field-meta.xml": field_file("B__c"),
    },
)


def _ignoring(lines: str, *files: Mapping[str, str | bytes], at: str = "") -> Covering:
    merged: dict[str, str | bytes] = {f"{at}.forceignore": lines}
    for part in files:
        merged.update(part)
    return Covering(merged)


IGNORE: Mapping[str, Covering] = {
    "no-forceignore-deploys-dot-files": Covering({**_BUNDLE, **apex(".hid")}),
    "empty-forceignore-hides-dot-files": _ignoring("", _BUNDLE, apex(".hid")),
    "forceignore-of-the-template": _ignoring(
        "package.xml\n**/jsconfig.json\n**/.eslintrc.json\n**/__tests__/**\n", _BUNDLE, _OBJECT
    ),
    "forceignore-without-case": _ignoring("**/CLASSES/a.CLS*\n", apex("A"), apex("B")),
    "forceignore-of-a-folder": _ignoring("**/lwc/foo\n", _BUNDLE),
    "forceignore-of-a-folder-with-slash": _ignoring("foo/\n", _BUNDLE),
    "forceignore-brings-back": _ignoring("**/classes/*\n!**/classes/B.*\n", apex("A"), apex("B")),
    "forceignore-cannot-bring-back-below": _ignoring(
        "force-app/main/default/lwc/foo\n!force-app/main/default/lwc/foo/foo.js\n", _BUNDLE
    ),
    "forceignore-of-children": _ignoring("**/fields/A__c*\n", _OBJECT),
    "forceignore-of-the-object-file": _ignoring("**/*.object-meta.xml\n", _OBJECT),
    "forceignore-of-a-meta-file": _ignoring("**/A.cls-meta.xml\n", apex("A"), apex("B")),
    "forceignore-of-the-content-alone": _ignoring("**/A.cls\n", apex("A"), apex("B")),
    "forceignore-of-a-bundle-meta-file": _ignoring("**/foo.js-meta.xml\n", _BUNDLE),
    "forceignore-in-the-package-directory": _ignoring(
        "main/default/classes/A.*\n", apex("A"), apex("B"), at="force-app/"
    ),
    "nearest-forceignore-alone": Covering(
        {
            ".forceignore": "**/B.*\n",
            "force-app/.forceignore": "**/A.*\n",
            **apex("A"),
            **apex("B"),
        }
    ),
    "forceignore-deeper-is-not-read": Covering({f"{D}.forceignore": "**/A.*\n", **apex("A")}),
    "forceignore-comments-and-blanks": _ignoring(
        "# **/A.*\n\n   \n\\#x\n**/B.*   \n**\\classes\\C.*\n", apex("A"), apex("B"), apex("C")
    ),
    "forceignore-everything": _ignoring("**\n", apex("A"), _BUNDLE, _OBJECT),
    "forceignore-question-marks-and-ranges": _ignoring(
        "**/[AB].cls*\n**/?x.cls*\n[z-a]\n[unclosed\n", apex("A"), apex("B"), apex("C"), apex("Cx")
    ),
    "forceignore-static-resource": _ignoring(
        "**/*.map\n",
        below(
            D,
            {
                "staticresources/r/a.js": "a",
                "staticresources/r/a.map": "m",
                "staticresources/r.resource-meta.xml": xml(
                    "StaticResource", "<contentType>application/zip</contentType>"
                ),
            },
        ),
    ),
    "forceignore-leaves-nothing-of-a-resource": _ignoring(
        "**/r/**\n",
        below(
            D,
            {
                "staticresources/r/a.js": "a",
                "staticresources/r.resource-meta.xml": xml(
                    "StaticResource", "<contentType>application/zip</contentType>"
                ),
            },
        ),
    ),
}
