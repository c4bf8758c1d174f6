"""A SOAP answer is read without document types, entities or anything from elsewhere."""

from __future__ import annotations

import pytest

from provisioner.salesforce.xml_answer import NotXmlError, first_texts

FAULT = b"""<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>
<soapenv:Fault><faultcode>sf:INVALID_SESSION_ID</faultcode>
<faultstring>a &lt; b &amp; c</faultstring>
</soapenv:Fault></soapenv:Body></soapenv:Envelope>"""


def test_elements_are_known_by_their_names_without_prefix() -> None:
    found = first_texts(FAULT)

    assert found["faultcode"] == "sf:INVALID_SESSION_ID"
    assert found["faultstring"] == "a < b & c"
    assert "Fault" in found


def test_of_a_name_that_comes_twice_the_first_counts() -> None:
    assert first_texts(b"<a><b>1</b><b>2</b>tail</a>") == {"a": "", "b": "1"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no XML",
        b"<a><b></a>",
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<?xml version="1.0" encoding="klingon"?><a/>',
        b'<?xml version="1.0" encoding="utf-8"?><a>\xff</a>',
    ],
)
def test_what_is_no_plain_xml_is_refused(content: bytes) -> None:
    with pytest.raises(NotXmlError):
        first_texts(content)


def test_an_answer_of_many_levels_is_read() -> None:
    assert first_texts(b"<a>" * 20_000 + b"</a>" * 20_000) == {"a": ""}
