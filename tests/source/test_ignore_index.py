"""The index over the rules of a `.forceignore` never passes over a rule that matches."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from provisioner.source.ignore import Ignore
from provisioner.source.ignore_index import Index
from provisioner.source.ignore_rule import rule_of

NAMES = ("a", "B", "c.cls", "force-app", "x y", "é", "\N{KELVIN SIGN}", "k", "s", ".sf", "a\n")
WILD = ("**", "*", "a*", "?", "[a-c]", "\\*", "\\ ", "\N{LATIN SMALL LETTER LONG S}")
PATHS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join)
LINES = st.builds(
    lambda start, parts, end: f"{start}{'/'.join(parts)}{end}",
    st.sampled_from(("", "!", "/", "**/", "!/**/")),
    st.lists(st.sampled_from(NAMES + WILD), min_size=1, max_size=4),
    st.sampled_from(("", "/", "/**", " ")),
)


@example(["c.cls/**/"], "c.cls", True, True)
@given(st.lists(LINES, min_size=1, max_size=6), PATHS, st.booleans(), st.booleans())
def test_a_path_that_the_index_does_not_find_is_matched_by_no_rule(
    lines: list[str], path: str, is_upper: bool, is_folder: bool
) -> None:
    path = f"{path.upper() if is_upper else path}{'/' if is_folder else ''}"
    folder, _, name = path.rstrip("/").rpartition("/")
    name = path[len(folder) + 1 :] if folder else path
    rules = [rule for rule in map(rule_of, lines) if rule]
    index = Index(rules)

    matches = any(rule.pattern.match(name if rule.is_name else path) for rule in rules)

    assert index.may_match(path, name) or not matches
    if not is_folder:
        assert index.within(f"{folder}/" if folder else "")(name) or not matches


def test_hundreds_of_rules_for_single_files_deny_these_files_and_no_others() -> None:
    lines = tuple(f"force-app/classes/C{number}.cls*" for number in range(0, 600, 2))
    lines += tuple(f"force-app/pages/P{number}.page" for number in range(0, 600, 2))
    ignore = Ignore("", lines)

    classes = [f"C{number}.cls" for number in range(600)]
    pages = [f"p{number}.PAGE" for number in range(600)]

    assert ignore.denied("force-app/classes", classes, ()) == frozenset(classes[::2])
    assert ignore.denied("FORCE-APP/pages", pages, ()) == frozenset(pages[::2])
    assert not ignore.denied("force-app", classes, ())
