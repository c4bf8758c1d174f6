"""What is wrong with a JSON body, and where, in the words of Salesforce's parser."""

from __future__ import annotations

import pytest

from provisioner.emulator.errors import ApiError, RecordError, ValueTypeError
from provisioner.emulator.json_body import parse_body
from provisioner.emulator.json_positions import located_in

VALUE = "expected a valid value (number, String, array, object, 'true', 'false' or 'null')"
NAME = "was expecting double-quote to start field name"
END = "Unexpected end-of-input: expected close marker for"
WORDS = "was expecting 'null', 'true', 'false' or NaN"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{n", f"Unexpected character ('n' (code 110)): {NAME} at [line:1, column:3]"),
        ('{"a":1,\n\n}', f"Unexpected character ('}}' (code 125)): {NAME} at [line:3, column:2]"),
        ("<a/>", f"Unexpected character ('<' (code 60)): {VALUE} at [line:1, column:2]"),
        ("Name", f"Unrecognized token 'Name': {WORDS} at [line:1, column:5]"),
        ('{"a":tru}', f"Unrecognized token 'tru': {WORDS} at [line:1, column:9]"),
        ('{"a" 1}', "Unexpected character ('1' (code 49)): was expecting a colon to separate "
                    "field name and value at [line:1, column:7]"),
        ('{"a":1 "b":2}', "Unexpected character ('\"' (code 34)): was expecting comma to separate "
                          "OBJECT entries at [line:1, column:9]"),
        ("[[1], [1 2]]", "Unexpected character ('2' (code 50)): was expecting comma to separate "
                         "ARRAY entries at [line:1, column:11]"),
        ('{"a":', f"{END} OBJECT at [line:1, column:6]"),
        ("[1,", f"{END} ARRAY at [line:1, column:4]"),
        ('{"a":"b', "Unexpected end-of-input: was expecting closing quote for a string value "
                    "at [line:1, column:8]"),
        ('{"a":"b\n"}', "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped "
                        "using backslash to be included in string value at [line:2, column:1]"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_json(body: str, message: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_body(body)
    assert (caught.value.code, caught.value.message) == ("JSON_PARSER_ERROR", message)


@pytest.mark.parametrize(
    ("body", "value", "location"),
    [
        ('{"Name": "x",\n "due__C" : "soon"}', "soon", "[line:2, column:13]"),
        ('{"a":"Due__c","b":"\\"Due__c\\":","Due__c":["soon"]}', ["soon"], "[line:1, column:42]"),
        ('{"Due__c":1,"x":{"Due__c":{}}}', {}, "[line:1, column:27]"),
        ('{"Due__c":false}', False, "[line:1, column:11]"),
        ('{"Other":"soon"}', "soon", "[Source: N/A; line: -1, column: -1][line:-1, column:-1]"),
        ("", "soon", "[Source: N/A; line: -1, column: -1][line:-1, column:-1]"),
    ],
)
def test_the_location_of_a_value(body: str, value: object, location: str) -> None:
    with pytest.raises(RecordError) as caught, located_in(body.encode()):
        raise ValueTypeError("date", "VALUE_STRING", "Due__c", value)
    assert caught.value.message.endswith(
        f"or request may be missing a required field at {location}"
    )
