"""Patterns of a project end soon on every path, and match what they always matched."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from provisioner.source import SourceError, package
from provisioner.source.glob import GlobError, expand_braces, glob_expression
from provisioner.source.ignore_rule import FLAGS, PatternError, _parts, rule_of
from tests.source.projects import Covering, D, apex, object_file, write, xml

pytestmark = pytest.mark.slow

NAME = "a" * 250
DEEP = "/".join(["a"] * 190)


def refused(project: Covering, root: Path) -> list[str]:
    with pytest.raises(SourceError) as refusal:
        package(write(project, root), api_version="58.0")
    return [str(problem) for problem in refusal.value.problems]


# --- .forceignore -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("*a" * 60 + "*b", NAME),
        ("**/" + "*a" * 60 + "*b", NAME),
        ("x/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/b", f"x/{DEEP}"),
        ("**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/b", DEEP),
        ("/" + "a*" * 60 + "/b", f"{NAME}/c"),
        ("**/a*a*a*a*a*a*a*a*/**/*a*a*a*a*a*a*b", f"{NAME}/{NAME}/{DEEP}"),
    ],
)
def test_a_pattern_of_forceignore_that_could_take_for_ever_is_asked_soon(
    line: str, path: str
) -> None:
    rule = rule_of(line)
    assert rule is not None
    assert rule.pattern.match(path) is None


def test_such_a_pattern_keeps_files_out_as_any_other(tmp_path: Path) -> None:
    files = {**apex("A"), **apex(NAME[:200]), ".forceignore": "**/" + "*a" * 40 + "*\n"}
    made = package(write(Covering(files), tmp_path), api_version="58.0")
    assert made.members == {"ApexClass": ("A",)}


def test_patterns_match_what_a_plain_expression_matches() -> None:
    """The plain one tries all ways, which on short paths takes no time."""
    generator = random.Random(3)
    pieces = ["a", "b", ".", "*", "*", "?", "/", "/**/", "**"]
    compared = 0
    for _ in range(6000):
        line = "".join(generator.choices(pieces, k=generator.randint(1, 7)))
        rule = rule_of(line)
        start = re.compile(r"/?\*\*/").match(line)
        rest = (line[start.end() :] or "*/") if start else line.removeprefix("/")
        if rule is None or rule.is_name or not rest:
            continue
        plain = re.compile(("(?:.*/)?" if start else "") + "".join(_parts(rest)), FLAGS)
        for _ in range(12):
            names = ["".join(generator.choices("ab.", k=generator.randint(1, 3))) for _ in range(4)]
            path = "/".join(names[: generator.randint(1, 4)]) + generator.choice(["", "/"])
            compared += 1
            assert bool(rule.pattern.match(path)) is bool(plain.match(path)), (line, path)
    assert compared > 10_000


@pytest.mark.parametrize("line", ["[ab]*a*a*a*b", r"\w*a*a*a*b", "a" * 5000])
def test_a_pattern_that_nobody_can_mean_is_refused_at_its_line(line: str, tmp_path: Path) -> None:
    with pytest.raises(PatternError):
        rule_of(line)
    (problem,) = refused(Covering({**apex("A"), ".forceignore": f"\n# x\n{line}\n"}), tmp_path)
    assert problem.startswith(".forceignore:3:1: ")


def test_a_forceignore_has_an_end(tmp_path: Path) -> None:
    (problem,) = refused(Covering({**apex("A"), ".forceignore": "*.x\n" * 20_000}), tmp_path)
    assert problem.startswith(".forceignore:10001:1: more than 10,000 lines")


# --- globs --------------------------------------------------------------------------------


def glob_matches(glob: str, path: str) -> bool:
    return re.fullmatch(glob_expression(glob), path) is not None


@pytest.mark.parametrize(
    "glob",
    [
        "{a,b}" * 40,
        "{1..999999999}",
        "{1..9}" * 9,
        "{-99999999999999999999..9}",
        "{a}" * 2000 + "{",
        "**/a/" * 9 + "b",
        "+(a|aa)b",
        "*(*a)*(a*)b",
        "!(a)!(b)!(c)!(d)x",
        "a" * 5000,
    ],
)
def test_a_glob_that_expands_to_too_many_is_refused_at_its_line(glob: str, tmp_path: Path) -> None:
    with pytest.raises(GlobError):
        glob_expression(glob)
    entry = {"glob": glob, "stringToReplace": "A", "replaceWithEnv": "X"}
    (problem,) = refused(Covering(apex("A"), {"replacements": [entry]}), tmp_path)
    assert re.match(r"sfdx-project.json:\d+:1: replacements: the glob ", problem)


def test_a_glob_of_many_stars_ends_soon() -> None:
    assert not glob_matches("**/" + "*a" * 60 + "*b", NAME)
    assert glob_matches("**/" + "*a" * 60 + "*", NAME)


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("**/*.{cls,trigger}", "x/y/A.cls", True),
        ("**/A*B*C.x", "x/AxBxBC.x", True),
        ("**/A*B*C.x", "x/AxCxB.x", False),
        ("**/+(cls|xml)", "x/clsxml", True),
        ("**/*.*", "x/.hidden.x", False),
        ("a/**/**/**/b", "a/x/y/b", True),
    ],
)
def test_globs_match_as_ever(glob: str, path: str, expected: bool) -> None:
    assert glob_matches(glob, path) is expected


def test_braces_are_expanded_as_ever() -> None:
    assert expand_braces("a{b,c{d,e}}{1..3}") == [
        f"a{one}{number}" for one in ("b", "cd", "ce") for number in (1, 2, 3)
    ]


# --- nesting, numbers, aliases ------------------------------------------------------------


def test_xml_without_a_bottom_is_refused_at_its_line(tmp_path: Path) -> None:
    text = xml("CustomObject", "<a>\n" * 100_000 + "</a>" * 100_000)
    files = {f"{D}objects/X__c/X__c.object-meta.xml": text}
    (problem,) = refused(Covering(files), tmp_path)
    assert problem.startswith(
        f"{D}objects/X__c/X__c.object-meta.xml:203:1: elements are nested more than"
    )


def test_comments_at_the_end_of_a_file_are_passed_over_at_once(tmp_path: Path) -> None:
    """A CDATA section contains what looks like the end; the comments may be read in many ways."""
    odd = "<label><![CDATA[</CustomObject>" + "<!--a-->" * 60 + "x]]></label>"
    files = {f"{D}objects/X__c/X__c.object-meta.xml": object_file(odd) + "<!-- end -->\n"}
    made = package(write(Covering(files), tmp_path), api_version="58.0")
    assert made.members == {"CustomObject": ("X__c",)}


def test_json_without_a_bottom_is_refused_at_its_line(tmp_path: Path) -> None:
    root = write(Covering(apex("A")), tmp_path)
    (root / "sfdx-project.json").write_text('{"packageDirectories":\n' + "[\n" * 100_000)
    with pytest.raises(
        SourceError,
        match=r"sfdx-project\.json:101:1: the file is not JSON: "
        "nested more than 100 levels",
    ):
        package(root, api_version="58.0")


@pytest.mark.parametrize("version", ["9" * 5000, "9" * 5000 + ".0"])
def test_a_version_of_thousands_of_digits_is_refused_at_its_line(
    version: str, tmp_path: Path
) -> None:
    (problem,) = refused(Covering(apex("A"), {"sourceApiVersion": version}), tmp_path)
    assert re.match(r"sfdx-project.json:\d+:1: sourceApiVersion 999999999999… is no", problem)
    root = write(Covering(apex("A")), tmp_path / "number")
    (root / "sfdx-project.json").write_text(f'{{\n"sourceApiVersion": {"9" * 5000}}}')
    with pytest.raises(
        SourceError,
        match=r"sfdx-project\.json:2:21: the file is not JSON: a "
        "number has thousands",
    ):
        package(root, api_version="58.0")


BOMB = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (f"a0: &a0 [x]\n{BOMB}\n", "its aliases expand to more than 1,000,000 values"),
        ("a: &a [*a]\n", "the YAML is nested too deeply, or contains itself"),
        ("[" * 20_000, "the YAML is nested too deeply, or contains itself"),
        ("a: " + "9" * 5000, "the YAML cannot be converted to JSON"),
    ],
)
def test_a_schema_that_grows_without_end_is_refused(
    schema: str, words: str, tmp_path: Path
) -> None:
    folder = f"{D}externalServiceRegistrations/"
    inside = "<schemaUploadFileExtension>json</schemaUploadFileExtension>"
    meta = xml("ExternalServiceRegistration", inside)
    files = {
        f"{folder}S.externalServiceRegistration-meta.xml": meta,
        f"{folder}S.yaml": schema,
    }
    settings = {"sourceBehaviorOptions": ["decomposeExternalServiceRegistrationBeta"]}
    (problem,) = refused(Covering(files, settings), tmp_path)
    assert words in problem
