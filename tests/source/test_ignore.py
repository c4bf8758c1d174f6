"""`.forceignore` is read as the JavaScript library `ignore` reads it."""

from __future__ import annotations

import pytest

from provisioner.source.ignore import Ignore

CASES = [
    # rules, path, is it a folder, is it kept out
    ("*.txt", "a/b.txt", False, True),
    ("/a.txt", "a.txt", False, True),
    ("/a.txt", "b/a.txt", False, False),
    ("a/b", "a/b/c", False, True),
    ("a/b", "x/a/b", False, False),
    ("foo/", "foo", False, False),
    ("foo/", "x/foo", True, True),
    ("foo/", "foo/deep/x", False, True),
    ("**/foo", "foo", False, True),
    ("**/foo/bar", "x/foo/bar", False, True),
    ("a/**/b", "a/b", False, True),
    ("a/**/b", "a/x/y/b", False, True),
    ("a/**", "a", True, False),
    ("a/**", "a/b/c", False, True),
    ("a/*", "a/b/c", False, True),
    ("FOO", "foo", False, True),
    ("foo", "FOO", False, True),
    ("f?o", "fxo", False, True),
    ("f?o", "f/o", False, False),
    ("[ab].x", "a.x", False, True),
    ("[^a].x", "b.x", False, False),  # no range is turned round
    ("foo\n!foo", "foo", False, False),
    ("foo\n!foo/bar", "foo/bar", False, True),  # nothing comes back below an excluded folder
    ("foo/*\n!foo/bar", "foo/bar/x", False, False),
    ("/x/y/z\n!/x/y", "x/y/z", False, True),  # a rule is about a path, not about all below it
    ("# foo", "# foo", False, False),
    (r"\#foo", "#foo", False, True),
    (r"\!foo", "!foo", False, True),
    ("foo   ", "foo", False, True),
    (r"a\sb", "a b", False, True),  # letters after a backslash are JavaScript's
    (r"a\classes", "aclasses", False, True),
    ("foo\n!", "foo", False, False),
    ("a.b", "axb", False, False),
    ("a+(b)|{c}", "a+(b)|{c}", False, True),
]


@pytest.mark.parametrize(("rules", "path", "is_folder", "is_denied"), CASES)
def test_a_rule_keeps_out_what_it_keeps_out_officially(
    rules: str, path: str, is_folder: bool, is_denied: bool
) -> None:
    ignore = Ignore("", tuple(rules.split("\n")))
    assert ignore.denies(path, is_folder=is_folder) is is_denied


@pytest.mark.parametrize(("rules", "path", "is_folder", "is_denied"), CASES)
def test_a_whole_folder_of_names_is_judged_alike(
    rules: str, path: str, is_folder: bool, is_denied: bool
) -> None:
    folder, _, name = path.rpartition("/")
    ignore = Ignore("", tuple(rules.split("\n")))
    denied = ignore.denied(folder, ["other", name], {name} if is_folder else set())
    assert (name in denied) is is_denied


def test_dot_files_are_kept_out_only_where_there_is_a_file() -> None:
    assert not Ignore().denies("a/.hidden", is_folder=False)
    assert Ignore("", ()).denies("a/.hidden", is_folder=False)
    assert not Ignore("", ()).denies(".sf/orgs/1/remoteMetadata/x", is_folder=False)
    assert Ignore("", ()).denies(".sf/config.json", is_folder=False)


def test_paths_outside_its_folder_are_not_its_business() -> None:
    ignore = Ignore("app", ("*",))
    assert ignore.denies("app/x", is_folder=False)
    assert not ignore.denies("other/x", is_folder=False)
    assert not ignore.denies("app", is_folder=True)
