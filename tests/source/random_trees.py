"""Random projects of what the rules depend on: folders, names, suffixes, dot files.

Hypothesis draws the seeds in `test_random.py`; `scripts/compare-source --random N` runs them
through the official library, too.
"""

from __future__ import annotations

from random import Random

from tests.source.projects import Covering, xml

_FOLDERS = (
    "classes", "objects", "fields", "lwc", "aura", "staticresources", "reports", "documents",
    "email", "dashboards", "digitalExperiences", "site", "experiences", "labels", "layouts",
    "objectTranslations", "bots", "territory2Models", "rules", "territories", "permissionsets",
    "customMetadata", "sites", "settings", "uiBundles", "workflows", "sharingRules", "wave",
    "waveTemplates", "restrictionRules", "moderation", "emailservices", "weblinks", "misc",
    "X__c", "X__c-de", "foo", "F", "A", "node_modules", ".hidden", "lightningTypes", "__tests__",
)  # fmt: skip
_NAMES = ("A", "foo", "X__c", "F", "a.b", "X__c-de", ".dot", "README", "A%2EB", "A.B", "s 1")
_SUFFIXES = (
    "cls", "trigger", "object", "field", "listView", "recordType", "layout", "js", "html", "cmp",
    "resource", "report", "reportFolder", "document", "documentFolder", "email", "emailFolder",
    "dashboard", "dashboardFolder", "digitalExperience", "site", "labels", "objectTranslation",
    "fieldTranslation", "bot", "botVersion", "territory2Model", "territory2", "territory2Rule",
    "permissionset", "md", "settings", "uibundle", "workflow", "sharingRules", "wdf", "rule",
    "xml", "weblink", "custompageweblink", "json", "txt", "png", "nosuch", "index", "indexe",
)  # fmt: skip
_HOMES = {
    "classes": ("cls",), "objects": ("object", "field"), "fields": ("field",),
    "lwc": ("js", "html"),
    "aura": ("cmp",), "staticresources": ("resource", "png", "js"), "layouts": ("layout",),
    "reports": ("report", "reportFolder"), "documents": ("document", "documentFolder", "png"),
    "email": ("email", "emailFolder"), "dashboards": ("dashboard", "dashboardFolder"),
    "digitalExperiences": ("digitalExperience", "json"), "experiences": ("site", "json"),
    "labels": ("labels",), "objectTranslations": ("objectTranslation", "fieldTranslation"),
    "bots": ("bot", "botVersion"), "territory2Models": ("territory2Model", "territory2"),
    "permissionsets": ("permissionset",), "customMetadata": ("md",), "sites": ("site",),
    "workflows": ("workflow",), "X__c": ("object", "field", "listView"), "foo": ("js", "html"),
    "restrictionRules": ("rule",), "weblinks": ("weblink", "custompageweblink"), "wave": ("wdf",),
}  # fmt: skip
_ROOTS = {
    "object": "CustomObject", "field": "CustomField", "listView": "ListView", "index": "Index",
    "indexe": "Index", "recordType": "RecordType", "labels": "CustomLabels", "bot": "Bot",
    "objectTranslation": "CustomObjectTranslation", "botVersion": "BotVersion",
    "fieldTranslation": "CustomFieldTranslation", "workflow": "Workflow",
    "sharingRules": "SharingRules", "resource": "StaticResource",
}  # fmt: skip
_INSIDES = {
    "labels": "<labels><fullName>{0}</fullName></labels><labels><fullName>b</fullName></labels>",
    "workflow": "<rules><fullName>{0}</fullName></rules>",
    "resource": "<contentType>application/zip</contentType>",
}
_IGNORED = (
    "**/__tests__/**", "*.txt", "**/lwc/foo", "misc/", "!**/A.*", "**/fields", "*.js", "[AF]",
    "**/*.field-meta.xml", "/force-app/main/objects", "**/node_modules/**", "foo*", "**/.dot*",
)  # fmt: skip


def random_tree(seed: int) -> Covering:
    """A project of up to some dozens of files; the same seed gives the same one."""
    chance = Random(seed)
    files: dict[str, str | bytes] = {}
    for _ in range(chance.randint(1, 5)):
        _grow(chance, files, "force-app/main/" + chance.choice(("", "default/")), 0)
    if chance.random() < 0.4:
        lines = chance.sample(_IGNORED, chance.randint(0, 4))
        files[".forceignore"] = "\n".join(lines)
    files.setdefault("force-app/x.txt", "")
    return Covering(_without_clashes(files))


def _grow(chance: Random, files: dict[str, str | bytes], folder: str, depth: int) -> None:
    own = chance.choice(tuple(_HOMES))
    folder = f"{folder}{own if chance.random() < 0.6 else chance.choice(_FOLDERS)}/"
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        suffix = chance.choice(_HOMES[own] if chance.random() < 0.85 else _SUFFIXES)
        name = chance.choice(_NAMES)
        kind = chance.random()
        if kind < 0.55:
            files[f"{folder}{name}.{suffix}-meta.xml"] = _meta(chance, name, suffix)
            if chance.random() < 0.6:
                files[f"{folder}{name}.{suffix}"] = _content(chance, name, suffix)
        elif kind < 0.6:
            files[f"{folder}{name}-meta.xml"] = xml("Folder")
        else:
            files[f"{folder}{name}.{suffix}"] = _content(chance, name, suffix)
    if depth < 4 and chance.random() < 0.75:
        for _ in range(chance.choice((1, 1, 2))):
            _grow(chance, files, folder, depth + 1)


def _content(chance: Random, name: str, suffix: str) -> str:
    return _meta(chance, name, suffix) if suffix in _ROOTS else "content"


def _meta(chance: Random, name: str, suffix: str) -> str:
    root = _ROOTS.get(suffix, "Any")
    inside = _INSIDES.get(suffix, "<fullName>{0}</fullName><label>{0}</label>")
    return xml(root, "" if chance.random() < 0.1 else inside.format(name))


def _without_clashes(files: dict[str, str | bytes]) -> dict[str, str | bytes]:
    """Without files whose path is a folder of another one."""
    folders = {path[:at] for path in files for at, c in enumerate(path) if c == "/"}
    return {path: content for path, content in files.items() if path not in folders}
