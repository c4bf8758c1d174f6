"""Broken YAML is one clear problem; anchors work; nothing is silently taken for something else."""

from __future__ import annotations

import pytest

from tests.config.project import HUB, POOL, Project

SYNTAX = {
    "a tab as indentation": (
        "dev_hub:\n\tusername: a\n",
        "pool.yaml:2:1: this line is indented with a tab; use spaces",
    ),
    "a tab after spaces": (
        "dev_hub:\n  username: a\n  \tconsumer_key: b\n",
        "pool.yaml:3:3: this line is indented with a tab; use spaces",
    ),
    "a tab before a list item": (
        "pools:\n  a:\n    steps:\n\t- x\n",
        "pool.yaml:4:1: this line is indented with a tab; use spaces",
    ),
    "an open quote": (
        "dev_hub:\n  username: 'a\n  consumer_key: b\n",
        "pool.yaml:2:13: the ' that is opened here is not closed",
    ),
    "an open bracket": (
        "limits: {keep_daily: 1\n",
        "pool.yaml:1:9: the { that is opened here is not closed",
    ),
    "a key without colon": (
        "limits:\n  keep_daily: 1\npools\n",
        "pool.yaml:3:1: this key has no colon; write KEY: VALUE",
    ),
    "a colon too many": (
        "dev_hub: username: a\n",
        "pool.yaml:1:18: a colon is not expected here; check the indentation, or put the text in "
        "quotes",
    ),
    "an indentation that fits nothing": (
        "dev_hub:\n    username: a\n  consumer_key: b\n",
        "pool.yaml:3:3: the indentation does not match the lines above",
    ),
    "a text that starts with @": (
        "dev_hub:\n  username: @hub\n",
        "pool.yaml:2:13: a text cannot start with this character; put it in quotes",
    ),
    "a second document": (
        "dev_hub:\n  username: a\n---\nledger: x\n",
        "pool.yaml:3:1: a second YAML document starts here; keep only one",
    ),
    "aliases of aliases of aliases": (
        "x-0: &a0 [x]\n"
        + "".join(f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
        "pool.yaml:7:6: the aliases expand to more than 1,000,000 values; use fewer aliases",
    ),
    "lists in lists without end": (
        "x-a: " + "[" * 100_000,
        "pool.yaml:1:1005: brackets or lists are nested too deeply",
    ),
    "an alias without anchor": (
        "dev_hub: *hub\n",
        "pool.yaml:1:10: this anchor is not defined above; write &NAME at the value that "
        "*NAME refers to",
    ),
    "an anchor twice": (
        "dev_hub: &a {}\nlimits: &a {}\n",
        "pool.yaml:2:9: this anchor is already defined above; give this one another name",
    ),
    "nothing at all": ("", "pool.yaml:1:1: the file is empty"),
    "comments alone": ("# later\n", "pool.yaml:1:1: the file is empty"),
    "a list": (
        "- dev_hub\n",
        "pool.yaml:1:1: the file is not a mapping; it must start with keys such as dev_hub:",
    ),
    "a text": (
        "dev_hub\n",
        "pool.yaml:1:1: the file is not a mapping; it must start with keys such as dev_hub:",
    ),
    "a control character": (
        "dev_hub:\n  username: a\x07b\n",
        "pool.yaml:2:14: control character U+0007 is not allowed; remove it",
    ),
}


@pytest.mark.parametrize(("text", "problem"), SYNTAX.values(), ids=SYNTAX.keys())
def test_a_syntax_error_is_one_clear_problem(project: Project, text: str, problem: str) -> None:
    assert project.lines(text) == [problem]


def test_deeply_nested_brackets_are_refused(project: Project) -> None:
    [problem] = project.problems("a: " + "[" * 100_000)

    assert "nest" in problem.message


def test_a_file_in_another_encoding_is_reported_at_its_first_invalid_byte(project: Project) -> None:
    assert project.lines(b"# ok\ndev_hub: \xfcber\n") == [
        "pool.yaml:2:10: the file is not UTF-8 text; save it as UTF-8"
    ]


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(project: Project) -> None:
    text = f"\ufeff{HUB}{POOL}    sise: 3\n".replace("\n", "\r\n")

    assert project.lines(text) == [
        "pool.yaml:10:5: pools.morning.sise: unknown key; did you mean size?"
    ]


def test_columns_count_characters_and_not_bytes(project: Project) -> None:
    assert project.lines(f"{HUB}ledger: sqlite:///ä.db\nlimits: {{keep_daily: ä}}\n") == [
        "pool.yaml:6:22: limits.keep_daily: must be a whole number, for example 3 (got 'ä')"
    ]


def test_a_duplicate_key_is_reported_at_the_second_with_the_line_of_the_first(
    project: Project,
) -> None:
    text = f"{HUB}{POOL}    size: 4\nledger: sqlite:///a.db\nledger: sqlite:///b.db\n"

    assert project.lines(text) == [
        "pool.yaml:10:5: pools.morning.size: duplicate key, first written in line 7; keep one of "
        "them",
        "pool.yaml:12:1: ledger: duplicate key, first written in line 11; keep one of them",
    ]


def test_the_same_key_in_quotes_is_a_duplicate_too(project: Project) -> None:
    [problem] = project.problems(f'{HUB}"dev_hub": {{}}\n')

    assert problem.message.startswith("duplicate key, first written in line 1")


def test_two_pools_of_one_name_are_a_duplicate(project: Project) -> None:
    second = "".join(POOL.splitlines(keepends=True)[1:])

    [problem] = project.problems(HUB + POOL + second)

    assert (problem.line, problem.key_path) == (10, "pools.morning")


def test_anchors_and_merge_keys_work(project: Project) -> None:
    config = project.load(
        f"""{HUB}
x-common: &common
  size: 5
  canary: false
  definitions: &definitions [config/project-scratch-def.json]
pools:
  a: *common
  b: {{ <<: *common, size: 6 }}
  c: {{ <<: [{{ size: 7 }}, *common] }}
  d: {{ size: 8, definitions: *definitions }}
"""
    )

    assert {name: (pool.size, pool.canary) for name, pool in config.pools.items()} == {
        "a": (5, False),
        "b": (6, False),
        "c": (7, False),
        "d": (8, True),
    }


def test_a_problem_in_an_anchored_value_is_reported_once_at_the_anchor(project: Project) -> None:
    text = f"""{HUB}
pools:
  a: &a
    size: -1
    definitions: [config/project-scratch-def.json]
  b: *a
  c: {{ <<: *a }}
"""
    assert project.lines(text) == [
        "pool.yaml:8:11: pools.a.size: -1 is out of range; write 0 to 1000"
    ]


def test_what_a_merged_mapping_lacks_is_reported_where_it_is_used(project: Project) -> None:
    text = f"{HUB}x-base: &base {{ size: 1 }}\npools:\n  a:\n    <<: *base\n"

    [problem] = project.problems(text)

    assert (problem.line, problem.message) == (
        7,
        "the key definitions is missing; write definitions: [config/project-scratch-def.json]",
    )


@pytest.mark.parametrize(
    ("merge", "message"),
    [
        ("3", "a merge key needs a mapping; write <<: *NAME with the anchor of a mapping"),
        ("[3]", "a merge key needs a mapping; write <<: *NAME with the anchor of a mapping"),
        ("{}\n    <<: {}", "duplicate key, first written in line 10; keep one of them"),
    ],
)
def test_a_wrong_merge_is_a_problem(project: Project, merge: str, message: str) -> None:
    assert [found.message for found in project.problems(f"{HUB}{POOL}    <<: {merge}\n")] == [
        message
    ]


@pytest.mark.parametrize(
    "text",
    [
        "pools: &p\n  a: { <<: *p }\n",
        "pools:\n  a: &a { <<: *a, size: 1 }\n",
        "pools: &p { a: *p }\n",
        "pools:\n  a:\n    size: 1\n    definitions: &d [*d]\n",
        "dev_hub: &h { <<: [*h, *h] }\n",
    ],
)
def test_an_anchor_that_contains_itself_is_a_problem(project: Project, text: str) -> None:
    assert project.problems(text)


def test_mappings_merged_a_billion_times_are_read_quickly(project: Project) -> None:
    levels = ["x-0: &l0 { size: 1 }"]
    levels += [f"x-{n}: &l{n} {{ <<: [{', '.join([f'*l{n - 1}'] * 9)}] }}" for n in range(1, 30)]
    text = "\n".join([HUB, *levels, "pools: { a: { <<: *l29, definitions: [] } }", ""])

    [problem] = project.problems(text)

    assert problem.message == "the list has 0 entries; write at least 1"


def test_keys_that_are_not_scalars_are_refused(project: Project) -> None:
    messages = [found.message for found in project.problems(f"{HUB}? [a]\n: b\n? {{c: d}}\n: e\n")]

    assert messages == ["a key must be a single word"] * 2


def test_keys_are_read_as_written(project: Project) -> None:
    """YAML 1.1 takes `no` and `on` for booleans and `012` for ten."""
    pool = "{size: 1, definitions: [config/project-scratch-def.json]}"
    text = f"{HUB}pools:\n  no: &p {pool}\n  on: *p\n"

    assert list(project.load(text).pools) == ["no", "on"]


@pytest.mark.parametrize("tag", ["!!python/object:os.system", "!secret", "!!binary", "!!set"])
def test_tags_are_refused(project: Project, tag: str) -> None:
    [problem] = project.problems(f"{HUB}ledger: {tag} sqlite\n")

    assert problem.message == f"the tag {tag} is not supported; write the plain value"


@pytest.mark.parametrize("name", ["nowhere.yaml", "config"])
def test_a_file_that_cannot_be_read_is_a_problem(project: Project, name: str) -> None:
    from provisioner.config.load import load
    from provisioner.errors import ConfigError

    with pytest.raises(ConfigError) as caught:
        load(project.folder / name, environ={})

    [problem] = caught.value.problems
    assert problem.message in (
        "the file does not exist",
        "this is a folder; write the path of a file",
    )
    assert problem.file == str(project.folder / name)
