"""A text from outside that does all that a text can do, and what of it must not come through."""

from __future__ import annotations

import re
from collections.abc import Iterator

EVIL = (
    "evil\x1b]0;owned\x07\x1b[2J\x9b31m\r\x7f\x00 \u202eesrever\u2066\u2028::set-output name=a::b\n"
    "::error::forged\n  ::add-mask::x\n##[set-output name=a;]b ##vso[task.setvariable x]y\n"
    "12:00:00  forged@acme.example  available [red]mark[/red] [link=http://evil.example]up[/]"
)
FORGED = "12:00:00  forged@acme.example  available"
STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def harm_in(said: str) -> Iterator[str]:
    """What of it a terminal, a CI system or a reader would fall for."""
    for character in sorted(set(STEERING.findall(said))):
        yield f"{character!a} is written"
    for line in re.split(r"[\n\r\v\f\x85\u2028\u2029]", said):
        if line.lstrip().startswith("::") or re.search(r"##(\[|vso\[)", line):
            yield f"a command for a CI system: {line!a}"
        if line.startswith(FORGED):
            yield f"a line that is not ours: {line!a}"
