"""`${NAME}` reads the environment, and nothing out of it is ever shown."""

from __future__ import annotations

import base64
import pickle

import pytest

from provisioner.declare.secret import Secret
from tests.config.project import HUB, POOL, Project, options, with_steps
from tests.config.step_kinds import Install

MARKER = "s3cr3t-marker"
PEM = f"-----BEGIN PRIVATE KEY-----\n{MARKER}\n-----END PRIVATE KEY-----\n"


def test_one_scalar_may_have_several_variables(project: Project) -> None:
    project.environ = {"NAME": "hub", "DOMAIN": "acme.example"}

    config = project.load(HUB.replace("hub@acme.example", "${NAME}@${DOMAIN}"))

    assert config.dev_hub.username == "hub@acme.example"


def test_two_dollars_escape(project: Project) -> None:
    config = project.load(HUB.replace("3MVG9consumer", "a$${NAME}b$c"))

    assert config.dev_hub.consumer_key == "a${NAME}b$c"


def test_the_value_of_a_variable_is_not_expanded_again(project: Project) -> None:
    project.environ = {"KEY": "${OTHER}"}

    config = project.load(HUB.replace("3MVG9consumer", "${KEY}"))

    assert config.dev_hub.consumer_key == "${OTHER}"


def test_variables_in_braces_need_no_quotes(project: Project) -> None:
    """As the format is documented, although plain YAML would end the mapping at the brace."""
    project.environ = {"KEY": "k1", "SIZE": "7"}
    entry = "- install_package: { version: 04t000000000001, installation_key: ${KEY} }"

    config = project.load(with_steps(entry).replace("size: 3", "size: ${SIZE}"))

    assert config.pools["morning"].size == 7
    assert options(config.pools["morning"].steps[0]) == Install("04t000000000001", Secret("k1"))


def test_numbers_flags_durations_and_choices_come_from_variables(project: Project) -> None:
    project.environ = {"SIZE": "12", "REUSE": "true", "AGE": "20h", "WHO": "none"}
    text = with_steps("- install_package: {version: 04t000000000001, security: ${WHO}}")
    text = text.replace(
        "size: 3", "size: ${SIZE}\n    reuse: '${REUSE}'\n    refresh_after: ${AGE}"
    )

    pool = project.load(text).pools["morning"]

    assert (pool.size, pool.reuse) == (12, True)
    assert options(pool.steps[0]).security == "none"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("${NOPE}", "the environment variable NOPE is not set"),
        ("a${NOPE}b", "the environment variable NOPE is not set"),
        ("${EMPTY}", "the environment variable EMPTY is empty"),
        ("'${}'", "${ must be followed by a name and }; write $${ for a literal ${"),
        ("'${a-b}'", "${ must be followed by a name and }; write $${ for a literal ${"),
        ("'${1A}'", "${ must be followed by a name and }; write $${ for a literal ${"),
        ("'${NAME'", "${ must be followed by a name and }; write $${ for a literal ${"),
        ("'${ NAME }'", "${ must be followed by a name and }; write $${ for a literal ${"),
        ("'${A${B}}'", "${ must be followed by a name and }; write $${ for a literal ${"),
    ],
)
def test_a_variable_without_a_value_is_an_error(
    project: Project, written: str, message: str
) -> None:
    project.environ = {"EMPTY": ""}

    [problem] = project.problems(HUB.replace("3MVG9consumer", written))

    assert (problem.line, problem.column, problem.message) == (3, 17, message)


def test_variables_in_comments_and_keys_are_left_alone(project: Project) -> None:
    [problem] = project.problems(f"# ${{NOPE}}\n{HUB}'${{NOPE}}': 1 # ${{NOPE}}\n")

    assert (problem.key_path, problem.line) == ("${NOPE}", 6)
    assert problem.message.startswith("unknown key")


@pytest.mark.parametrize(
    "text",
    [
        HUB + POOL.replace("size: 3", "size: ${V}"),
        f"{HUB}{POOL}    canary: ${{V}}\n",
        f"{HUB}{POOL}    refresh_after: ${{V}}\n",
        HUB.replace("hub@acme.example", "${V}"),
        HUB.replace("server.key", "${V}"),
        f"{HUB}  login_url: ${{V}}\n",
        f"{HUB}  api_version: ${{V}}\n",
        f"{HUB}ledger: ${{V}}\n",
        HUB + POOL.replace("config/project-scratch-def.json", "${V}"),
        with_steps("- install_package: {version: ${V}}"),
        with_steps("- install_package: {version: 04t000000000001, security: ${V}}"),
        with_steps("- load_data: {plan: ${V}, share: ${V}}"),
    ],
)
@pytest.mark.parametrize("value", [MARKER, f"{MARKER}\n{MARKER}", f"/{MARKER}/x", f"{MARKER}://"])
def test_a_value_from_the_environment_is_never_shown(
    project: Project, text: str, value: str
) -> None:
    """The variable may be the wrong one, and hold a key."""
    project.environ = {"V": value}

    problems = project.problems(text)

    assert problems
    assert not [problem for problem in problems if MARKER in str(problem)]


def test_a_number_from_the_environment_that_is_out_of_range_is_not_shown(
    project: Project,
) -> None:
    project.environ = {"V": "31415926"}

    [problem] = project.problems(HUB + POOL.replace("size: 3", "size: ${V}"))

    assert problem.message == "the value of ${V} is out of range; write 0 to 1000"


def test_the_private_key_may_be_the_text_itself(project: Project) -> None:
    project.environ = {"SF_PRIVATE_KEY": PEM}

    config = project.load(HUB.replace("server.key", "${SF_PRIVATE_KEY}"))

    assert config.dev_hub.private_key == Secret(PEM)
    assert config.warnings == ()


def test_escaped_line_breaks_of_a_key_are_restored(project: Project) -> None:
    project.environ = {"SF_PRIVATE_KEY": PEM.replace("\n", "\\n")}

    config = project.load(HUB.replace("server.key", "${SF_PRIVATE_KEY}"))

    assert config.dev_hub.private_key == Secret(PEM)


def test_the_private_key_may_be_a_path_in_a_variable(project: Project) -> None:
    project.environ = {"SF_PRIVATE_KEY": str(project.folder / "server.key")}

    config = project.load(HUB.replace("server.key", "${SF_PRIVATE_KEY}"))

    assert config.dev_hub.private_key == project.folder / "server.key"


def test_a_secret_in_plain_text_is_a_problem_that_does_not_show_it(project: Project) -> None:
    key = PEM.replace("\n", "\\n")
    text = with_steps(
        f"- install_package: {{version: 04t000000000001, installation_key: {MARKER}}}"
    ).replace("server.key", f'"{key}"')

    problems = project.problems(text)

    assert [(problem.is_warning, problem.key_path) for problem in problems] == [
        (False, "dev_hub.private_key"),
        (False, "pools.morning.steps.0.install_package.installation_key"),
    ]
    assert MARKER not in "".join(map(str, problems))


def test_a_secret_in_plain_text_does_not_stop_a_claim(project: Project) -> None:
    text = f"{HUB}  private_key_passphrase: {MARKER}\n{POOL}"

    assert [problem.is_warning for problem in project.problems(text)] == [False]
    config = project.load(text, need="hub_and_ledger")

    assert [warning.key_path for warning in config.warnings] == ["dev_hub.private_key_passphrase"]
    assert config.dev_hub.private_key_passphrase == Secret(MARKER)


def test_a_damaged_key_in_plain_text_is_not_shown(project: Project) -> None:
    text = HUB.replace("server.key", f"|\n    {MARKER}\n    {MARKER}")

    [problem] = project.problems(text)

    assert problem.message == (
        "must be a path, a PEM text (BEGIN PRIVATE KEY), or a PEM text in base64"
    )


def test_a_key_in_base64_is_a_key_and_not_a_path(project: Project) -> None:
    project.environ = {"ONE": base64.b64encode(PEM.encode() * 9).decode()}
    project.environ["WRAPPED"] = base64.encodebytes(PEM.encode() * 9).decode()
    for name in ("ONE", "WRAPPED"):
        key = project.load(HUB.replace("server.key", f"${{{name}}}")).dev_hub.private_key

        assert isinstance(key, Secret)
        assert key.reveal() == PEM * 9


def test_the_passphrase_comes_from_its_variable_unless_it_is_given(project: Project) -> None:
    project.environ = {"SF_PRIVATE_KEY_PASSPHRASE": "one", "OTHER": "two"}

    implicit = project.load(HUB).dev_hub.private_key_passphrase
    explicit = project.load(
        f"{HUB}  private_key_passphrase: ${{OTHER}}\n"
    ).dev_hub.private_key_passphrase

    assert implicit == Secret("one")
    assert explicit == Secret("two")


def test_nothing_secret_shows_in_the_model(project: Project) -> None:
    project.environ = {"KEY": MARKER, "PEM": PEM, "SF_PRIVATE_KEY_PASSPHRASE": MARKER}
    text = with_steps(
        "- install_package: {version: 04t000000000001, installation_key: ${KEY}, keys: {a: ${KEY}}}"
    )

    config = project.load(text.replace("server.key", "${PEM}"))

    shown = f"{config!r} {config!s} {config.dev_hub} {config.pools['morning'].steps[0]:}"
    assert MARKER not in shown
    assert "***" in shown
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(config)


def test_the_ledger_url_is_not_part_of_what_the_model_shows(project: Project) -> None:
    """A database URL holds a password."""
    config = project.load(f"{HUB}ledger: sqlite:///{MARKER}.db\n")

    assert MARKER not in repr(config)
