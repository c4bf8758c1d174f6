"""Covering projects for `replacements`."""

from __future__ import annotations

from collections.abc import Mapping

from tests.source.projects import Covering, D, apex, below, field_file, object_file, xml

_A = f"{D}classes/A.cls"
_TEXT = "one PLACE two PLACE\nthree x.y place\nlast PLACE"


def _replacing(*entries: Mapping[str, object], **files: str | bytes) -> Covering:
    content = {**apex("A"), _A: files.pop("text", _TEXT), **apex("B")}
    named = {name.replace("__", "/").replace("_dot_", "."): text for name, text in files.items()}
    return Covering({**content, **named}, {"replacements": list(entries)})


def _all(
    what: Mapping[str, object], by: Mapping[str, object] | None = None
) -> Mapping[str, object]:
    return {"glob": "**/*.cls", **what, **(by or {"replaceWithEnv": "COMPARE_SET"})}


_PLACE = {"stringToReplace": "PLACE"}

REPLACED: Mapping[str, Covering] = {
    "replace-string-by-environment": _replacing(
        {"filename": "classes/A.cls", **_PLACE, "replaceWithEnv": "COMPARE_SET"}
    ),
    "replace-with-pattern": _replacing(_all(_PLACE, {"replaceWithEnv": "COMPARE_PATTERN"})),
    "replace-regex": _replacing(
        _all({"regexToReplace": "(?<who>P)L(A)CE|x\\.y|\\blast\\b"}, {"replaceWithFile": "by.txt"}),
        by_dot_txt="\n  [$1$2|$<who>|$'|$9|$$]  \n",
    ),
    "replace-regex-line-ends": _replacing(
        _all({"regexToReplace": "PLACE$"}), _all({"regexToReplace": "^last"})
    ),
    "replace-regex-classes": _replacing(_all({"regexToReplace": "[^\\w\\s.]|\\d+|[.]y\\s"})),
    "replace-in-order": _replacing(
        _all(_PLACE, {"replaceWithFile": "by.txt"}),
        _all({"stringToReplace": "SECOND"}),
        by_dot_txt="SECOND",
    ),
    "replace-by-glob": _replacing(
        {"glob": "force-app/**/{A,C}.cls", **_PLACE, "replaceWithEnv": "COMPARE_SET"},
        {"glob": "force-app/*/B.cls", "stringToReplace": "B", "replaceWithEnv": "COMPARE_SET"},
        {
            "glob": "**/classes/[B].cls",
            "stringToReplace": "public",
            "replaceWithEnv": "COMPARE_SET",
        },
    ),
    "replace-when": _replacing(
        _all({**_PLACE, "replaceWhenEnv": [{"env": "COMPARE_ON", "value": "yes"}]}),
        _all(
            {"stringToReplace": "one", "replaceWhenEnv": [{"env": "COMPARE_ON", "value": "no"}]},
            {"replaceWithFile": "not there"},
        ),
    ),
    "replace-unset-allowed": _replacing(
        _all({**_PLACE, "allowUnsetEnvVariable": True}, {"replaceWithEnv": "COMPARE_UNSET"})
    ),
    "replace-unset": _replacing(_all(_PLACE, {"replaceWithEnv": "COMPARE_UNSET"})),
    "replace-unset-where-nothing-fits": _replacing(
        {"glob": "**/*.page", **_PLACE, "replaceWithEnv": "COMPARE_UNSET"}
    ),
    "replace-by-missing-file": _replacing(_all(_PLACE, {"replaceWithFile": "nowhere.txt"})),
    "replace-by-empty-file": _replacing(
        _all(_PLACE, {"replaceWithFile": "e.txt"}), e_dot_txt=" \n"
    ),
    "replace-in-meta-and-object": Covering(
        {
            **apex("A"),
            f"{D}objects/X__c/X__c.object-meta.xml": object_file("<label>PLACE</label><a>1</a>"),
            f"{D}objects/X__c/fields/A__c.field-meta.xml": field_file(
                "A__c", "<label>PLACE</label>"
            ),
            f"{D}objects/Account/fields/B__c.field-meta.xml": field_file(
                "B__c", "<label>PLACE</label>"
            ),
            f"{D}layouts/L.layout-meta.xml": xml("Layout", "PLACE"),
        },
        {"replacements": [{"glob": "**/*.xml", **_PLACE, "replaceWithEnv": "COMPARE_SET"}]},
    ),
    "replace-in-labels": Covering(
        below(
            D,
            {
                "labels/CustomLabels.labels-meta.xml": xml(
                    "CustomLabels", "<labels><fullName>a</fullName><value>PLACE</value></labels>"
                )
            },
        ),
        {"replacements": [{"glob": "**/*.xml", **_PLACE, "replaceWithEnv": "COMPARE_SET"}]},
    ),
    "replace-in-static-resources": Covering(
        below(
            D,
            {
                "staticresources/r/a.js": "PLACE",
                "staticresources/r/b.bin": b"\0PLACE",
                "staticresources/r/c": "PLACE",
                "staticresources/r.resource-meta.xml": xml(
                    "StaticResource", "<contentType>application/zip</contentType>"
                ),
                "staticresources/o.txt": "PLACE\u00e4",
                "staticresources/o.resource-meta.xml": xml(
                    "StaticResource", "<contentType>text/plain</contentType>"
                ),
                "staticresources/p.pdf": "%PDF-1 PLACE",
                "staticresources/p.resource-meta.xml": xml(
                    "StaticResource", "<contentType>application/pdf</contentType>"
                ),
            },
        ),
        {
            "replacements": [
                {"glob": "**/staticresources/**", **_PLACE, "replaceWithEnv": "COMPARE_SET"}
            ]
        },
    ),
    "replace-in-a-long-file": _replacing(
        _all(_PLACE), text=("x" * 99 + "\n") * 1400 + "PLACE\n" + "y" * 70000 + "PLACE"
    ),
}
