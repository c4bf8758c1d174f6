"""Types and ranges: what is refused, what it says, and what YAML 1.1 would have made of it."""

from __future__ import annotations

import pytest

from provisioner.config.checks import convert
from provisioner.config.model import Pool
from provisioner.config.scalars import Text
from provisioner.config.schema import _scalar as scalar_schema
from provisioner.declare.keys import declared_keys
from provisioner.declare.options import Option
from tests.config.project import HUB, POOL, STEPS_LINE, Project, options, with_steps

POOL_VALUES = {
    "size: many": "must be a whole number, for example 3 (got 'many')",
    "size: 3.0": "must be a whole number, for example 3 (got '3.0')",
    "size: 1e2": "must be a whole number, for example 3 (got '1e2')",
    "size: 1_000": "must be a whole number, for example 3 (got '1_000')",
    "size: 0x10": "must be a whole number, for example 3 (got '0x10')",
    "size: 012": "012 may be read as octal; write it without the leading 0",
    "size: 1:30": "must be a whole number, for example 3 (got '1:30')",
    "size: true": "must be a whole number, for example 3 (got 'true')",
    'size: "3"': "is a text because of the quotes; write 3",
    "size: ٣": "must be a whole number, for example 3 (got '٣')",
    "size: -1": "-1 is out of range; write 0 to 1000",
    "size: 1001": "1001 is out of range; write 0 to 1000",
    "size: 99999999999999999999": (
        "must be a whole number, for example 3 (got '99999999999999999999')"
    ),
    "size:": "has no value; write a value, or remove the key",
    "size: ~": "has no value; write a value, or remove the key",
    "size: [3]": "is a list; write a single value",
    "size: {a: 3}": "is a mapping; write a single value",
    "duration_days: 0": "0 is out of range; write 1 to 30",
    "duration_days: 31": "31 is out of range; write 1 to 30",
    "duration_days: 2d": "must be a whole number, for example 3 (got '2d')",
    "canary: on": "must be true or false (got 'on'); write true",
    "canary: No": "must be true or false (got 'No'); write false",
    'canary: "true"': "is a text because of the quotes; write true",
    "canary: 1": "must be true or false (got '1')",
    "canary:": "has no value; write a value, or remove the key",
    "refresh_after: 20": "20 has no unit; write a duration like 20h, 90m, 2d or 1h30m",
    "refresh_after: 1:30": "1:30 is a time of day; write 1h30m",
    "refresh_after: 20 h": "must be a duration like 20h, 90m, 2d or 1h30m (got '20 h')",
    "refresh_after: 20H": "must be a duration like 20h, 90m, 2d or 1h30m (got '20H')",
    "refresh_after: -1h": "must be a duration like 20h, 90m, 2d or 1h30m (got '-1h')",
    "refresh_after: 30m20h": "must be a duration like 20h, 90m, 2d or 1h30m (got '30m20h')",
    "refresh_after: 9999999999w": "9999999999w is too long; write a shorter duration",
    "refresh_after: 5m": "5m is out of range; write at least 10m",
    **{
        f"swap: {bad}": "must be a number of orgs like 2, or a share of the pool like "
        f"20% (got {bad!r})"
        for bad in ("0", "0%", "101%", "1.5")
    },
    "steps: install": "is a single value; write a list: [A, B], or lines of `- A`",
    "steps: {}": "is a mapping; write a list: [A, B], or lines of `- A`",
    "definitions: []": "the list has 0 entries; write at least 1",
    "definitions: config/project-scratch-def.json": "is a single value; write a list: [A, B], or "
    "lines of `- A`",
    "definitions: [[]]": "is a list; write a single value",
    "definitions: [~]": "the key file is missing; write file: config/project-scratch-def.json",
}


@pytest.mark.parametrize(("line", "message"), POOL_VALUES.items(), ids=POOL_VALUES.keys())
def test_an_invalid_value_is_refused(project: Project, line: str, message: str) -> None:
    key = line.partition(":")[0]
    good = {"size": "size: 3", "definitions": "definitions: [config/project-scratch-def.json]"}
    good[key] = line
    text = f"{HUB}pools:\n  a:\n" + "".join(f"    {value}\n" for value in good.values())

    [problem] = project.problems(text)

    assert problem.message == message
    assert problem.key_path.startswith(f"pools.a.{key}")
    assert text.splitlines()[problem.line - 1].strip().startswith(key)


def test_scalars_are_texts_as_they_are_written(project: Project) -> None:
    """Unquoted, YAML 1.1 makes a float, a boolean, ten, ninety and a date of them."""
    config = project.load(
        HUB.replace("3MVG9consumer", "012")
        + "  api_version: 68.0\n"
        + POOL
        + """    steps:
      - { name: 2027-01-01, assign_permission_sets: [No, 012, 1_0] }
      - { name: 1:30, assign_permission_sets: [Yes] }
"""
    )

    assert config.dev_hub.api_version == "68.0"
    assert config.dev_hub.consumer_key == "012"
    first, second = config.pools["morning"].steps
    assert (first.name, second.name) == ("2027-01-01", "1:30")
    assert options(first).sets == ("No", "012", "1_0")


@pytest.mark.parametrize("version", ["68", "68.00", "v68.0", "6.8", "68.0beta", "'  68.0'"])
def test_an_api_version_has_one_form(project: Project, version: str) -> None:
    [problem] = project.problems(f"{HUB}  api_version: {version}\n")

    assert problem.message.endswith('is not valid; write an API version like "68.0"')


LOGIN_URLS = {
    "login.salesforce.com": "write the whole URL: https://login.salesforce.com",
    "acme.lightning.force.com/lightning": "a Lightning host does not accept logins; write "
    "https://acme.my.salesforce.com",
    "https://": "write the whole URL: https://HOST",
    "ftp://login.salesforce.com": "write the whole URL: https://HOST",
    "https://login.salesforce.com/services/oauth2/token": "the URL must have only scheme and host; "
    "write https://login.salesforce.com",
    "https://login.salesforce.com?x=1": "the URL must have only scheme and host; write "
    "https://login.salesforce.com",
    "https://me:pw@login.salesforce.com": "the URL must not contain a user or password; "
    "remove them",
    "http://login.salesforce.com": "Salesforce does not accept logins over http; write "
    "https://login.salesforce.com",
    "https://acme.lightning.force.com": "a Lightning host does not accept logins; write "
    "https://acme.my.salesforce.com",
    "https://acme--uat.sandbox.lightning.force.com": "a Lightning host does not accept logins; "
    "write "
    "https://acme--uat.sandbox.my.salesforce.com",
    "https://acme.my.salesforce-setup.com": "a Setup host does not accept logins; write "
    "https://acme.my.salesforce.com",
    "https://acme.lightning.crmforce.mil": "a Lightning host does not accept logins; write "
    "https://acme.my.salesforce.mil",
    "https://acme.lightning.sfcrmapps.cn": "a Lightning host does not accept logins; write "
    "https://acme.my.sfcrmproducts.cn",
    "http://acme.my.salesforce.mil": "Salesforce does not accept logins over http; write "
    "https://acme.my.salesforce.mil",
    "http://127.0.0.1:port": "is not a URL; write https://HOST",
    "https://[::1": "is not a URL; write https://HOST",
    "''": "is empty; write a text",
}


@pytest.mark.parametrize(("url", "message"), LOGIN_URLS.items(), ids=LOGIN_URLS.keys())
@pytest.mark.parametrize("key", ["login_url", "scratch_login_url"])
def test_a_login_url_is_scheme_and_host(project: Project, key: str, url: str, message: str) -> None:
    [problem] = project.problems(f"{HUB}  {key}: {url}\n")

    assert (problem.key_path, problem.message) == (f"dev_hub.{key}", message)


@pytest.mark.parametrize(
    ("login_url", "scratch_login_url"),
    [
        ("https://login.salesforce.com", "https://test.salesforce.com"),
        ("https://acme.my.salesforce.com", "https://test.salesforce.com"),
        ("https://acme--uat.sandbox.my.salesforce.com/", "https://test.salesforce.com"),
        ("https://acme.force.com", "https://test.salesforce.com"),
        ("https://acme.my.salesforce.mil", "https://test.salesforce.com"),
        ("https://acme.my.sfcrmproducts.cn", "https://test.salesforce.com"),
        ("https://acme.cloudforce.com", "https://test.salesforce.com"),
        ("http://127.0.0.1:8123", "http://127.0.0.1:8123"),
        ("http://localhost:8123/", "http://localhost:8123"),
        ("https://notsalesforce.com", "https://notsalesforce.com"),
        ("https://salesforce.com.evil.example", "https://salesforce.com.evil.example"),
    ],
)
def test_scratch_orgs_log_in_at_test_or_where_the_emulator_is(
    project: Project, login_url: str, scratch_login_url: str
) -> None:
    dev_hub = project.load(f"{HUB}  login_url: {login_url}\n").dev_hub

    assert dev_hub.effective_scratch_login_url == scratch_login_url


def test_an_explicit_scratch_login_url_takes_precedence(project: Project) -> None:
    dev_hub = project.load(f"{HUB}  scratch_login_url: https://a.example/\n").dev_hub

    assert dev_hub.effective_scratch_login_url == "https://a.example"


def test_a_login_that_the_network_could_read_is_a_warning(project: Project) -> None:
    [problem] = project.problems(f"{HUB}  login_url: http://emulator:8123\n")

    assert problem.is_warning
    assert problem.message == "logins over http are not encrypted on the network; write https"


LEDGERS = {
    ".provisioner/ledger.db": "write a URL, such as sqlite:///.provisioner/ledger.db, or devhub",
    "sqlite:ledger.db": "write sqlite:///PATH (four slashes for an absolute path)",
    "sqlite://ledger.db": "write sqlite:///PATH (four slashes for an absolute path)",
    "sqlite:///": "write sqlite:///PATH (four slashes for an absolute path)",
    "sqllite:///ledger.db": "unknown kind of ledger 'sqllite'; did you mean sqlite:///PATH?",
    "mysql://root:hunter2@db/x": "unknown kind of ledger 'mysql'; known: sqlite, postgresql, "
    "devhub",
    "postgresql:hunter2@db/x": "write postgresql://USER@HOST:5432/DATABASE",
    "devhub://hunter2": "write devhub, and nothing after it",
    "devhup:x": "unknown kind of ledger 'devhup'; did you mean devhub?",
    "hunter2@db:5432/x": "is not a ledger; known: sqlite, postgresql, devhub",
}


@pytest.mark.parametrize(("url", "message"), LEDGERS.items(), ids=LEDGERS.keys())
def test_a_ledger_is_a_url_of_a_backend_that_exists(
    project: Project, url: str, message: str
) -> None:
    [problem] = project.problems(f"{HUB}ledger: {url}\n")

    assert (problem.key_path, problem.message) == ("ledger", message)
    assert "hunter2" not in problem.message


@pytest.mark.parametrize(
    "name", ["Morning", "1st", "a_b", "a.b", "ä", "-a", "a" * 31, '""', "a b", "a@b"]
)
def test_a_pool_name_must_fit_into_a_username(project: Project, name: str) -> None:
    [problem] = project.problems(HUB + POOL.replace("morning", name))

    wanted = "a name of at most 30 lower-case letters, digits and hyphens that starts with a letter"
    assert problem.message.endswith(f"write {wanted}")
    assert (problem.line, problem.column) == (6, 3)


@pytest.mark.parametrize("name", ["a", "morning", "ci-2", "a" * 30])
def test_valid_pool_names_are_accepted(project: Project, name: str) -> None:
    assert list(project.load(HUB + POOL.replace("morning", name)).pools) == [name]


@pytest.mark.parametrize("version", ["04t000000000001", "04t000000000001AAA"])
def test_package_version_ids_have_15_or_18_characters(project: Project, version: str) -> None:
    text = with_steps(f"- install_package: {{version: {version}}}")

    assert project.problems(text) == []


@pytest.mark.parametrize(
    "version",
    ["04t00000000001", "04t0000000000011", "05i000000000001", "04T000000000001", "04t00000000000é"],
)
def test_another_id_is_not_a_package_version(project: Project, version: str) -> None:
    [problem] = project.problems(with_steps(f"- install_package: {{version: {version}}}"))

    assert problem.line == STEPS_LINE
    assert problem.message.endswith("write a 04t package version id of 15 or 18 characters")


def test_a_choice_names_the_nearest(project: Project) -> None:
    version = "version: 04t000000000001"
    near = project.problems(with_steps(f"- install_package: {{{version}, security: fulll}}"))
    far = project.problems(with_steps(f"- install_package: {{{version}, security: x}}"))

    assert near[0].message == "'fulll' is not known; did you mean full?"
    assert far[0].message == "'x' is not known; write one of: full, none"


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ("0.5", None),
        ("1", None),
        ("1.5", "1.5 is out of range; write 0 to 1"),
        ("half", "must be a number, for example 3 or 0.5 (got 'half')"),
        (".inf", "must be a number, for example 3 or 0.5 (got '.inf')"),
        ("1e-1", "must be a number, for example 3 or 0.5 (got '1e-1')"),
    ],
)
def test_decimal_numbers(project: Project, number: str, message: str | None) -> None:
    found = project.problems(with_steps(f"- load_data: {{plan: data/plan.json, share: {number}}}"))

    assert [problem.message for problem in found] == ([message] if message else [])


def test_an_unknown_key_names_the_nearest_or_all(project: Project) -> None:
    text = f"{HUB}{POOL}    durationDays: 3\n    colour: red\n"

    assert [problem.message for problem in project.problems(text)] == [
        "unknown key; did you mean duration_days?",
        f"unknown key; known keys: {', '.join(sorted(declared_keys(Pool)))}",
    ]


def test_a_long_wrong_value_is_not_repeated_in_full(project: Project) -> None:
    [problem] = project.problems(HUB + POOL.replace("size: 3", f"size: {'x' * 5000}"))

    assert len(problem.message) < 120


@pytest.mark.parametrize(
    ("minimum", "maximum", "message"),
    [
        (None, 3, "the text has 4 characters; write at most 3"),
        (5, None, "the text has 4 characters; write at least 5"),
        (2, 3, "the text has 4 characters; write 2 to 3"),
    ],
)
def test_the_bounds_of_a_text_are_its_length(
    minimum: int | None, maximum: int | None, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        convert(str, Option("a text", minimum, maximum), Text("four", "four"))
    assert convert(str, Option("a text", 4, 4), Text("four", "four")) == "four"
    (made, _) = scalar_schema(str, Option("a text", 2, 3))["anyOf"]
    assert made == {"type": "string", "minLength": 2, "maxLength": 3}
