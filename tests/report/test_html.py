"""`report --html` writes one file that needs nothing else and does nothing but show."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.ledger.base import Ledger, State
from provisioner.report.html.markup import EMPTY, element
from provisioner.report.html.page import page
from provisioner.report.record import RunRecord, find_record
from provisioner.report.timeline import org_lines

from .conftest import Call
from .nights import BAD, add_org, new_run, record, three_nights

EVIL = (
    "</script></style></title><script>alert(1)</script>\"'><img src=x onerror=alert(1)>\x07\u202e&"
)
CONTENTS = {
    "f1": {
        "package_names": ["Billing 1.2.0.3 (04t000000000001AAA)"],
        "source_commit": "0123abc+changes",
        "permission_sets": ["Sales_Rep"],
        "data": ["data/plan.json"],
        "steps": ["deploy_source"],
    }
}


class Page(HTMLParser):
    """The elements of a page; fails where they are not nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def values(self, name: str) -> list[str]:
        """The values of an attribute."""
        return [attrs[name] or "" for _, attrs in self.elements if name in attrs]


def problems(text: str) -> list[str]:
    """What the page would request, run or refer to in vain."""
    read = Page(text)
    tags = {tag for tag, _ in read.elements}
    found = [f"<{tag}>" for tag in tags & {"script", "img", "iframe", "object", "form", "base"}]
    found += [f"style of <{tag}>" for tag, attrs in read.elements if "style" in attrs]
    found += [key for _, attrs in read.elements for key in attrs if key.startswith("on")]
    ids = read.values("id")
    found += [f"id {one} twice" for one in ids if ids.count(one) > 1]
    found += [h for h in read.values("href") if h != "data:," and h[1:] not in ids]
    found += read.values("src")
    found += re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)
    return found


@pytest.fixture
def night(ledger: Ledger) -> RunRecord:
    three_nights(ledger)
    return find_record(ledger)


def written(ledger: Ledger, night: RunRecord, contents: Any = CONTENTS) -> str:
    rows = [replace(org, snapshot="acme-base-7") for org in ledger.orgs(states=State)]
    return page(night, rows, contents)


def test_the_page_has_causes_bars_times_and_contents(ledger: Ledger, night: RunRecord) -> None:
    text = written(ledger, night)
    assert problems(text) == []
    read = Page(text)
    said = " ".join(" ".join(read.texts).split())
    for part in (
        "Exit code 6: 1 of 3 built, 2 failed, all by one cause",
        "force-app/main/default/classes/X.cls:3:9: Invalid type: Y pool.yaml:31",
        "Fix: deploy the package of Y first",
        "slower: 1m30s instead of 1m",
        "Requests to the Dev Hub 12",
        "Billing 1.2.0.3 (04t000000000001AAA)",
        "0123abc+changes",
        "Snapshot acme-base-7",
        "provisioner login sample-000@acme.example",
    ):
        assert part in said, part
    assert said.count("Billing 1.2.0.3") == 1, "an org that failed has only a part of its contents"
    bars = [attrs for tag, attrs in read.elements if tag == "rect" and "x" in attrs]
    assert [bar["class"] for bar in bars] == ["s0", "s1", "s2", "s0", "failed", "s0", "failed"]
    assert [bar["x"] for bar in bars[:3]] == ["0.00%", "25.00%", "50.00%"]
    assert "sign-up 1m30s, deploy_source 1m30s, failed" in read.values("aria-label")


def test_a_run_without_a_recorded_timeline_has_its_sign_ups_and_steps(
    ledger: Ledger, night: RunRecord
) -> None:
    bare = replace(night, run=replace(night.run, summary={"exit_code": 6}))
    lines = org_lines(bare)
    assert [[span.step for span in line.spans] for line in lines] == [["sign-up", "steps"]] * 3
    assert {line.outcome for line in lines} == {State.AVAILABLE, State.FAILED}
    assert all(span.end is not None for line in lines for span in line.spans)
    assert problems(page(bare, [], {})) == []


def test_the_policy_allows_the_style_sheet_and_nothing_else(
    ledger: Ledger, night: RunRecord
) -> None:
    text = written(ledger, night)
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    (policy,) = [value for value in Page(text).values("content") if "default-src" in value]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:;")
    assert "@import" not in style
    assert "url(" not in style


def test_a_hostile_text_is_shown_and_does_nothing(ledger: Ledger) -> None:
    run = new_run(2)
    failed = add_org(ledger, run, "sample-001@acme.example", error=f"{EVIL}: {EVIL}\n{EVIL}")
    note = f"{EVIL}:\nwarning: {EVIL}"
    fine = add_org(ledger, run, "sample-002@acme.example", note=note.replace("\x07", ""))
    record(ledger, run, [failed, fine], stopped_because=EVIL, error=EVIL)
    rows = [
        replace(org, owner=EVIL, definition=EVIL, instance_url=EVIL, pool=EVIL, fingerprint=EVIL)
        for org in ledger.orgs(states=State)
    ]
    contents = {EVIL: {"package_names": [EVIL], "source_commit": EVIL, "data": [EVIL, 7]}}
    text = page(find_record(ledger), rows, contents)
    assert problems(text) == []
    assert text.count("&lt;script&gt;alert(1)") > 10
    assert "\\x07" in text


@given(st.text() | st.text("\"'<>&= a"), st.text() | st.text("</p>&"))
def test_each_text_is_escaped_where_it_enters(value: str, other: str) -> None:
    read = Page(element("p", {"title": value}, other, [element("b", None, value)]))
    assert [tag for tag, _ in read.elements] == ["p", "b"]
    assert list(read.elements[0][1]) == ["title"]


def test_a_night_of_a_thousand_orgs_has_a_bar_and_a_card_for_each(ledger: Ledger) -> None:
    run = new_run(2)
    made = [add_org(ledger, run, f"sample-{n:04}@acme.example", BAD * (n < 9)) for n in range(3)]
    rows = [replace(made[n % 3], username=f"sample-{n:04}@acme.example") for n in range(1000)]
    record(ledger, run, rows)
    found = find_record(ledger)
    events = [replace(found.events[0], username=row.username) for row in rows]
    text = page(replace(found, events=[*events, *found.events]), rows, CONTENTS)
    assert problems_of_large(text) == []
    assert text.count('class="card"') == 1000
    assert text.count('role="img"') == 1001
    assert len(text) < 2_500_000


def problems_of_large(text: str) -> list[str]:
    """As `problems`, without the comparison of each id with all others."""
    read = Page(text)
    ids = set(read.values("id"))
    return [h for h in read.values("href") if h != "data:," and h[1:] not in ids]


@pytest.mark.parametrize("value", [None, 7, "x", [[7]], {"orgs": {"a": [[0, 5, 2], [9, 1, 2]]}}])
def test_a_record_that_another_program_wrote_is_a_page_all_the_same(
    ledger: Ledger, night: RunRecord, value: object
) -> None:
    keys = ("timeline", "durations", "pools", "causes", "api_calls", "allowance", "seconds")
    odd = replace(night.run, summary=dict.fromkeys(keys, value))
    assert problems(page(replace(night, run=odd, times=()), [], {"f1": value})) == []


def test_the_command_writes_the_file_whole_and_still_reports(
    ledger: Ledger, call: Call, folder: Path
) -> None:
    three_nights(ledger)
    answer = call("report", "--html", "night.html")
    assert (answer.code, answer.err) == (0, "wrote night.html\n")
    assert answer.out.startswith("run 20261122-020000-abcde2 on ci1")
    text = (folder / "night.html").read_text()
    assert problems(text) == []
    assert call("report", "--html", "-").out == text
    assert call("report", "--html", "night.html", "--json").document["summary"]["failed"] == 2
    assert not [path for path in folder.iterdir() if path.name.startswith(".night")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--html", "-", "--json"], "--html and --json both write to stdout"),
        (["--html", "nowhere/n.html"], "the report nowhere/n.html cannot be written: No such file"),
        (["--html", "x.html", "--runs"], "--html writes the report of a run; pass a RUN, or none"),
        (["a@b.example", "--html", "x.html"], "--html writes the report of a run; pass a RUN"),
    ],
)
def test_options_that_exclude_each_other_are_refused(
    ledger: Ledger, call: Call, arguments: list[str], message: str
) -> None:
    three_nights(ledger)
    answer = call("report", *arguments)
    assert answer.code == 2
    assert message in answer.out + answer.err
