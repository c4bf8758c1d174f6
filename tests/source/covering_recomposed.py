"""Covering projects for files that are put together: objects, translations, bots, labels."""

from __future__ import annotations

from collections.abc import Mapping

from tests.source.projects import Covering, below, field_file, in_app, object_file, xml

O = "objects/X__c/"  # noqa: E741
_KINDS = {
    "fields/F__c.field": field_file("F__c"),
    "recordTypes/R.recordType": xml("RecordType", "<fullName>R</fullName>"),
    "listViews/L.listView": xml("ListView", "<fullName>L</fullName>"),
    "compactLayouts/C.compactLayout": xml("CompactLayout", "<fullName>C</fullName>"),
    "validationRules/V.validationRule": xml("ValidationRule", "<fullName>V</fullName>"),
    "indexes/I.index": xml("Index", "<fullName>I</fullName>"),
    "sharingReasons/S.sharingReason": xml("SharingReason", "<fullName>S</fullName>"),
    "webLinks/W.webLink": xml("WebLink", "<fullName>W</fullName>"),
    "fieldSets/FS.fieldSet": xml("FieldSet", "<fullName>FS</fullName>"),
    "businessProcesses/B.businessProcess": xml("BusinessProcess", "<fullName>B</fullName>"),
}
_LABEL = "<labels><fullName>{}</fullName><value>{}</value></labels>"


def _with_parent(parent: str, **fields: str) -> Covering:
    return in_app(
        {
            f"{O}X__c.object-meta.xml": parent,
            **{f"{O}fields/{name}.field-meta.xml": text for name, text in fields.items()},
        }
    )


RECOMPOSED: Mapping[str, Covering] = {
    "object-with-all-children": in_app(
        {
            f"{O}X__c.object-meta.xml": object_file(),
            **{f"{O}{name}-meta.xml": text for name, text in _KINDS.items()},
            f"{O}indexes/Old.indexe-meta.xml": xml("Index", "<fullName>Old</fullName>"),
        }
    ),
    "children-of-a-standard-object": in_app(
        {f"objects/Account/{name}-meta.xml": text for name, text in _KINDS.items()}
    ),
    "empty-object-file": _with_parent(
        '<?xml version="1.0"?>\n<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata"/>',
        A__c=field_file("A__c"),
    ),
    "object-file-with-only-a-comment": _with_parent(object_file("<!-- nothing -->")),
    "object-file-without-namespace": _with_parent("<CustomObject><label>X</label></CustomObject>"),
    "object-file-without-namespace-two-elements": _with_parent(
        "<CustomObject><label>X</label><pluralLabel>Xs</pluralLabel></CustomObject>"
    ),
    "inline-children-are-replaced": _with_parent(
        object_file(
            "<fields><fullName>Inline__c</fullName></fields><label>X</label>"
            "<listViews><fullName>Kept</fullName></listViews>"
        ),
        A__c=field_file("A__c"),
    ),
    "inline-children-alone": _with_parent(
        object_file("<fields><fullName>Inline__c</fullName></fields><label>X</label>")
    ),
    "full-name-differs-from-file": _with_parent(object_file(), A__c=field_file("Other__c")),
    "child-without-full-name": _with_parent(
        object_file(), A__c=xml("CustomField", "<type>T</type>")
    ),
    "children-at-odd-places": in_app(
        {
            f"{O}X__c.object-meta.xml": object_file(),
            f"{O}F__c.field-meta.xml": field_file("F__c"),
            f"{O}deep/er/G__c.field-meta.xml": field_file("G__c"),
            f"{O}README.md": "x",
            f"{O}fields/.keep": "",
        }
    ),
    "object-named-after-its-file": in_app(
        {
            "objects/Y__c/Z__c.object-meta.xml": object_file(),
            "objects/Y__c/fields/A__c.field-meta.xml": field_file("A__c"),
        }
    ),
    "object-outside-objects": in_app(
        {
            "misc/X__c/X__c.object-meta.xml": object_file(),
            "misc/X__c/fields/A__c.field-meta.xml": field_file("A__c"),
        }
    ),
    "objects-in-a-subfolder": in_app(
        {
            "objects/group/X__c/X__c.object-meta.xml": object_file(),
            "objects/group/X__c/fields/A__c.field-meta.xml": field_file("A__c"),
        }
    ),
    "object-in-two-directories": Covering(
        {
            "one/objects/X__c/X__c.object-meta.xml": object_file("<label>One</label><a>1</a>"),
            "one/objects/X__c/fields/A__c.field-meta.xml": field_file("A__c", "<label>1</label>"),
            "two/objects/X__c/X__c.object-meta.xml": object_file("<label>Two</label><a>1</a>"),
            "two/objects/X__c/fields/A__c.field-meta.xml": field_file("A__c", "<label>2</label>"),
            "two/objects/X__c/fields/B__c.field-meta.xml": field_file("B__c"),
            "three/objects/X__c/fields/C__c.field-meta.xml": field_file("C__c"),
        },
        {
            "packageDirectories": [
                {"path": "three"},
                {"path": "one", "default": True},
                {"path": "two"},
            ]
        },
    ),
    "custom-metadata-type-and-event": in_app(
        {
            "objects/K__mdt/K__mdt.object-meta.xml": object_file(),
            "objects/K__mdt/fields/F__c.field-meta.xml": field_file("F__c"),
            "objects/E__e/E__e.object-meta.xml": object_file(),
            "objects/ns__N__c/ns__N__c.object-meta.xml": object_file(),
            "objects/ns__N__c/fields/ns__F__c.field-meta.xml": field_file("ns__F__c"),
        }
    ),
    "own-attributes": in_app(
        {
            f"{O}X__c.object-meta.xml": xml(
                "CustomObject",
                "<label>X</label>",
                ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
            ),
            f"{O}fields/A__c.field-meta.xml": xml(
                "CustomField",
                '<fullName>A__c</fullName><defaultValue xsi:nil="true"/>',
                ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
            ),
        }
    ),
    "texts": _with_parent(
        object_file(
            "<label>  a &lt; b &amp;&amp; \"c\" 'd' &#160;&#x27;&quot;&apos; </label>"
            "<x>\u00a0nbsp at the ends\u3000</x><y>in\u00a0side</y><z> </z><n>007</n>"
            "<t>line 1\r\nline 2</t><e/><e></e>"
        ),
        A__c=field_file("A__c", "<formula>A__c &gt; 1 &amp;&amp; B</formula>"),
        U__c=field_file("U__c", "<label>\u00e4\u0308 \U0001f600 \u00e9 e\u0301</label>"),
    ),
    "comments-and-cdata": _with_parent(
        object_file(
            "<label>X</label><!-- between --><d><![CDATA[<b> & ]]></d>"
            "<nameField><!-- inside --><type>Text</type></nameField>"
        ),
        A__c=field_file("A__c", "<!-- c --><description><![CDATA[a < b]]></description>"),
    ),
    "unknown-entities": _with_parent(
        object_file("<label>a&nbsp;b</label><x>1</x>"), A__c=field_file("A__c", "<l>&euro;</l>")
    ),
    "elements-of-one-name-apart": _with_parent(
        object_file(
            "<actionOverrides><a>1</a></actionOverrides><label>X</label>"
            "<actionOverrides><a>2</a></actionOverrides>"
        )
    ),
    "byte-order-mark-and-crlf": in_app(
        {
            f"{O}X__c.object-meta.xml": "\ufeff" + object_file().replace("\n", "\r\n"),
            f"{O}fields/A__c.field-meta.xml": "\ufeff" + field_file("A__c").replace("\n", "\r\n"),
            "classes/A.cls": "\ufeffclass A {}\r\n",
            "classes/A.cls-meta.xml": "\ufeff" + xml("ApexClass").replace("\n", "\r\n"),
        }
    ),
    "comment-before-the-root-of-a-parent": _with_parent(
        "<!-- licence -->\n" + object_file().split("\n", 1)[1], A__c=field_file("A__c")
    ),
    "comment-after-the-root": _with_parent(
        object_file() + "<!-- </CustomObject> -->", A__c=field_file("A__c") + "<!-- end -->"
    ),
    "comment-before-the-root-of-a-child": _with_parent(
        object_file(), A__c="<!-- licence -->\n" + field_file("A__c").split("\n", 1)[1]
    ),
    "child-with-the-root-of-its-parent": _with_parent(
        object_file(), A__c=xml("CustomObject", "<fullName>A__c</fullName>")
    ),
    "child-with-another-root": _with_parent(
        object_file(), A__c=xml("Layout", "<fullName>A__c</fullName>")
    ),
    "parent-with-another-root": _with_parent(
        xml("Custom", "<label>X</label>"), A__c=field_file("A__c")
    ),
    "object-translations": in_app(
        {
            "objectTranslations/X__c-de/X__c-de.objectTranslation-meta.xml": xml(
                "CustomObjectTranslation", "<caseValues><value>Y</value></caseValues>"
            ),
            "objectTranslations/X__c-de/F__c.fieldTranslation-meta.xml": xml(
                "CustomFieldTranslation", "<name>F__c</name><label>F</label>"
            ),
            "objectTranslations/X__c-de/A__c.fieldTranslation-meta.xml": xml(
                "CustomFieldTranslation", "<name>A__c</name><label>A</label>"
            ),
            "objectTranslations/Account-fr/Account-fr.objectTranslation-meta.xml": xml(
                "CustomObjectTranslation"
            ),
            "translations/de.translation-meta.xml": xml("Translations"),
        }
    ),
    "bots": in_app(
        {
            "bots/B/B.bot-meta.xml": xml("Bot", "<label>B</label>"),
            "bots/B/v1.botVersion-meta.xml": xml("BotVersion", "<fullName>v1</fullName>"),
            "bots/B/v2.botVersion-meta.xml": xml("BotVersion", "<fullName>v2</fullName>"),
        }
    ),
    "labels": Covering(
        {
            **below(
                "one/labels/",
                {
                    "CustomLabels.labels-meta.xml": xml(
                        "CustomLabels", _LABEL.format("b", 1) + _LABEL.format("A", 2)
                    )
                },
            ),
            **below(
                "two/labels/",
                {
                    "Other.labels-meta.xml": xml(
                        "CustomLabels",
                        _LABEL.format("c", 3) + _LABEL.format("b", 4) + _LABEL.format("c", 5),
                    )
                },
            ),
        },
        {"packageDirectories": [{"path": "one", "default": True}, {"path": "two"}]},
    ),
    "labels-empty": in_app({"labels/CustomLabels.labels-meta.xml": xml("CustomLabels")}),
    "labels-with-foreign-elements": in_app(
        {
            "labels/CustomLabels.labels-meta.xml": xml(
                "CustomLabels", "<note>x</note><!-- c -->" + _LABEL.format("a", 1)
            )
        }
    ),
}
