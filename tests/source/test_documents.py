"""XML is cut into pieces without being changed, and hostile XML is refused with its place."""

from __future__ import annotations

import pytest

from provisioner.source.documents import NAMESPACE, has_content, read_body, read_sections
from provisioner.source.problems import Refusal, WarningKind

X = f'xmlns="{NAMESPACE}"'
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    f"<CustomObject {X}><label>&b;</label></CustomObject>"
)
OUTSIDE = (
    '<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'
    f"<CustomObject {X}><label>&secret;</label></CustomObject>"
)


def test_sections_keep_their_bytes() -> None:
    text = f'<A {X}>\n  <b>1</b>\n  <c x="&gt; > y"><b>2</b></c><!-- n --><d/><b> </b>\n</A>'
    document = read_sections(text.encode(), "a.xml")
    assert document.root == "A"
    assert [(section.name, section.text) for section in document.sections] == [
        ("b", b"<b>1</b>"),
        ("c", b'<c x="&gt; > y"><b>2</b></c>'),
        ("", b"<!-- n -->"),
        ("d", b"<d/>"),
        ("b", b"<b> </b>"),
    ]


def test_a_key_is_the_text_of_the_element_asked_for() -> None:
    text = (
        f"<W {X}><r><n>no</n><x><fullName>no</fullName></x><fullName> a &amp; b </fullName></r></W>"
    )
    document = read_sections(text.encode(), "w.xml", {"r": "fullName"})
    assert document.sections[0].key == "a & b"


def test_a_body_is_all_between_the_tags_whatever_is_around_them() -> None:
    for text in (
        f"<A {X}><b>1</b></A>",
        f"\ufeff<?xml version='1.0'?>\r\n<!-- </A> -->\n<A {X} y='>'><b>1</b></A>\n<!-- </A> -->",
    ):
        assert read_body(text.encode(), "a.xml").body == b"<b>1</b>"
    assert read_body(f"<A {X}/>".encode(), "a.xml").body == b""


@pytest.mark.parametrize("text", [BOMB, OUTSIDE], ids=["bomb", "external"])
def test_entities_that_a_file_declares_are_refused(text: str) -> None:
    for read in (read_body, read_sections):
        with pytest.raises(Refusal, match="the XML declares an entity, ") as refusal:
            read(text.encode(), "a.xml")
        assert refusal.value.problem.file == "a.xml"


def test_malformed_xml_is_refused_with_line_and_column() -> None:
    text = f"<A {X}>\n  <b>1</c>\n</A>"
    for read in (read_body, read_sections):
        with pytest.raises(Refusal, match="malformed XML: mismatched tag") as refusal:
            read(text.encode(), "a.xml")
        assert (refusal.value.problem.line, refusal.value.problem.column) == (2, 9)


@pytest.mark.parametrize(
    "data", [b"", b"nothing", b"<A>\xff</A>", b"\xff\xfe<\0A\0/\0>\0"],
    ids=["empty", "text", "Latin-1", "UTF-16"],
)  # fmt: skip
def test_what_is_no_utf8_xml_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal, match="malformed XML"):
        read_body(data, "a.xml")


def test_more_than_50000_entities_are_refused() -> None:
    text = f"<A {X}>{'&amp;' * 50_001}</A>"
    with pytest.raises(Refusal, match="more than 50000 entities"):
        read_body(text.encode(), "a.xml")


def test_an_unknown_entity_becomes_literal_text_but_not_in_cdata() -> None:
    text = f"<A {X}>a&nbsp;b<![CDATA[&nbsp;]]><!-- &nbsp; --></A>"
    document = read_body(text.encode(), "a.xml")
    assert document.body == b"a&amp;nbsp;b<![CDATA[&nbsp;]]><!-- &nbsp; -->"
    assert document.warning is WarningKind.UNKNOWN_ENTITY


def test_a_quoted_reference_becomes_the_reference() -> None:
    document = read_body(f"<A {X}>&amp;#8212; &amp;#x41; &amp;#no;</A>".encode(), "a.xml")
    assert document.body == b"&#8212; &#x41; &amp;#no;"
    assert document.warning is WarningKind.QUOTED_REFERENCE


def test_space_that_is_none_to_xml_goes_at_the_ends_of_a_text_only() -> None:
    text = f"<A {X}><b> \u00a0x\u00a0y\u3000 </b></A>"
    assert read_body(text.encode(), "a.xml").body.decode() == "<b> x\u00a0y</b>"


@pytest.mark.parametrize(
    ("inside", "is_more"),
    [("", False), ("<a/>", True), ("<!-- c -->", True), ("  \n", False)],
)
def test_a_file_with_more_than_the_namespace_has_content(inside: str, is_more: bool) -> None:
    assert has_content(f"<A {X}>{inside}</A>".encode(), "a.xml", "A") is is_more
    assert not has_content(f"<B {X}>{inside}</B>".encode(), "a.xml", "A")
