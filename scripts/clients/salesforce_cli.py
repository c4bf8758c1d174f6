"""The Salesforce CLI against an emulator; see `scripts/clients/salesforce-cli`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import salesforce_cli_recipes
from nightly_pool import HUB_APPS, NightlyPool, claimed_pool
from salesforce_cli_command import Cli
from salesforce_cli_consumer import CliConsumer
from salesforce_cli_install import install_cli
from salesforce_cli_recipes import Recipes
from sample_project import write_project
from trial import Trial, emulator, must

from provisioner.emulator.keys import make_key_pair

PACKAGE = "04t000000000001AAA"
REFUSED = "user hasn't approved this consumer"


def main() -> int:
    """Install, start, run all; the exit code."""
    start, options, trial = install_cli(), sys.argv[1:], Trial()
    with tempfile.TemporaryDirectory(prefix="salesforce-cli-") as directory:
        folder = Path(directory)
        project = write_project(folder / "project")
        with emulator(folder, ["--speed", "1000", *options]) as running:
            sf = Cli(start, folder / "home", project)
            if "ca" in running:  # --tls
                sf.trust(running["ca"])
            _run(trial, sf, folder, running)
        for hub_app in HUB_APPS:
            with claimed_pool(trial, folder / hub_app, hub_app, 5, options) as pool:
                _consumers(trial, start, pool, hub_app)
    return trial.conclude()


def _consumers(trial: Trial, start: list[str], pool: NightlyPool, hub_app: str) -> None:
    """Each org of a nightly pool, by our own login and by the CLI's, from an empty home."""
    trial.each(f"{hub_app}: provisioner login, query", pool.orgs, pool.log_in_and_query)
    consumers = [CliConsumer(start, pool, org, org.username) for org in pool.orgs]
    trial.each(f"{hub_app}: sf org login jwt", consumers, CliConsumer.log_in)
    trial.each(f"{hub_app}: sf data query", consumers, CliConsumer.query)


def _run(trial: Trial, sf: Cli, folder: Path, running: dict[str, str]) -> None:
    url = running["url"].replace("127.0.0.1", "localhost")
    make_key_pair().write(folder, "other")
    key, hub, app = running["private_key"], running["hub_username"], running["consumer_key"]

    def login(user: str = hub, with_key: object = key, app: str = app, more: str = "") -> str:
        return f"org login jwt -i {app} -f {with_key} -o {user} -r {url} {more}"

    trial.step("org login jwt (hub)", lambda: sf(login(more="-a hub --set-default-dev-hub")))
    _refusals(trial, sf.elsewhere(folder / "refused"), login, folder)
    created = trial.step(
        "org create scratch, features and settings",
        lambda: sf("org create scratch -f config/project-scratch-def.json -a dev -y 1 -w 10"),
    )
    if not created:
        return
    username = created["result"]["username"]
    _fill(trial, sf)
    _ask(trial, sf, username)
    _apex(trial, sf)
    _track(trial, sf)
    trial.step(
        "consumer: org login jwt from an empty home",
        lambda: _consumer(sf, folder, login(username), username),
    )
    variables = {"ORG_USERNAME": username, "CONSUMER_KEY": app, "KEY_FILE": key, "LOGIN_URL": url}
    home = sf.elsewhere(folder / "recipes")
    recipes = Recipes(sf.start, home.environment, folder, variables)
    salesforce_cli_recipes.run(trial, recipes, Path(key))
    trial.step("org delete scratch", lambda: sf("org delete scratch -o dev -p"))
    trial.step("login to the deleted org is refused", lambda: sf.refused(login(username), REFUSED))


def _track(trial: Trial, sf: Cli) -> None:
    """What is in the org comes back, and the CLI knows what has changed where."""
    trial.step(
        "project retrieve start -m", lambda: sf("project retrieve start -m ApexClass -o dev")
    )
    trial.step("project retrieve preview", lambda: sf("project retrieve preview -o dev"))
    trial.step("project retrieve start", lambda: sf("project retrieve start -o dev"))
    trial.step("project deploy preview", lambda: sf("project deploy preview -o dev"))
    trial.step("project generate manifest", lambda: sf("project generate manifest --from-org dev"))
    trial.step("org list metadata", lambda: sf("org list metadata -m CustomObject -o dev"))
    trial.step("project reset tracking", lambda: sf("project reset tracking -o dev -p"))


def _refusals(trial: Trial, sf: Cli, login: Any, folder: Path) -> None:
    """In a home of their own: a refused login makes the CLI forget the user."""
    trial.step(
        "login with another key is refused",
        lambda: sf.refused(login(with_key=folder / "other.key"), "invalid assertion"),
    )
    trial.step(
        "login of an unknown user is refused",
        lambda: sf.refused(login("nobody@acme.example"), REFUSED),
    )
    trial.step(
        "login with an unknown consumer key is refused",
        lambda: sf.refused(login(app="3MVG9Unknown"), "client identifier invalid"),
    )


def _fill(trial: Trial, sf: Cli) -> None:
    """Packages, source, permission sets, data."""
    trial.step("package install", lambda: sf(f"package install -p {PACKAGE} -o dev -w 10 -r"))

    def installed() -> None:
        found = sf("package installed list -o dev")["result"]
        must(
            [one["SubscriberPackageVersionId"][:15] for one in found] == [PACKAGE[:15]],
            f"another list than what was installed: {found}",
        )

    trial.step("package installed list", installed)
    trial.step("project deploy start", lambda: sf("project deploy start -d force-app -o dev -w 10"))

    def broken() -> None:
        answer = sf("project deploy start -o dev -w 10 -d broken", code=1)
        failures = answer["result"]["details"]["componentFailures"]
        must(len(failures) == 1 and "Broken" in json.dumps(failures), f"failures: {failures}")

    trial.step("project deploy start, with a broken class, fails", broken)
    trial.step("org assign permset", lambda: sf("org assign permset -n Clerk -o dev"))
    trial.step(
        "org assign permset, unknown, fails",
        lambda: sf("org assign permset -n Nobody -o dev", code=1),
    )
    trial.step("data import tree", lambda: sf("data import tree -p data/plan.json -o dev"))
    trial.step(
        "data import bulk",
        lambda: sf("data import bulk -f data/accounts.csv -s Account -o dev -w 5"),
    )
    trial.step(
        "data upsert bulk",
        lambda: sf("data upsert bulk -f data/shops.csv -s Shop__c -i Code__c -o dev -w 5"),
    )
    trial.step("apex run", lambda: sf("apex run -f scripts/hello.apex -o dev"))
    trial.step("org generate password", lambda: sf("org generate password -o dev"))


def _apex(trial: Trial, sf: Cli) -> None:
    """Tests with their coverage, and debug logs of a traced user."""

    def ran(command: str) -> None:
        result = sf(f"apex run test -o dev {command}")["result"]
        must(result["summary"]["outcome"] == "Passed", f"{result}")
        must([one["FullName"] for one in result["tests"]] == ["GreeterTest.greets"], f"{result}")
        coverage = result["coverage"]["coverage"]
        must([one["name"] for one in coverage] == ["Greeter"], f"{coverage}")

    options = "--code-coverage --wait 10"
    trial.step("apex run test", lambda: ran(options))
    trial.step("apex run test -n", lambda: ran(f"-n GreeterTest {options}"))
    trial.step(
        "apex run test -t", lambda: ran(f"-t GreeterTest.greets --detailed-coverage {options}")
    )
    trial.step("apex run test -y", lambda: ran("-n GreeterTest --synchronous --code-coverage"))
    trial.step(
        "apex run test of no tests fails",
        lambda: sf.refused("apex run test -n Greeter -o dev", "class name's value is invalid"),
    )

    def got() -> None:
        run_id = sf("apex run test -o dev")["result"]["testRunId"]
        result = sf(f"apex get test -i {run_id} --code-coverage -o dev")["result"]
        must(result["summary"]["outcome"] == "Passed", f"{result}")

    trial.step("apex get test", got)
    trial.step("apex tail log", lambda: _tail(sf))

    def logs() -> None:
        found = sf("apex list log -o dev")["result"]
        must({one["Operation"] for one in found} == {"Api"}, f"{found}")
        texts = sf("apex get log --number 1 -o dev")["result"]
        must("DEBUG|hello" in texts[0]["log"], f"{texts}")

    trial.step("apex list log, apex get log", logs)


def _tail(sf: Cli) -> None:
    """Follow the logs, which traces the user, and stop at the first one."""
    with subprocess.Popen(
        [*sf.start, "apex", "tail", "log", "-o", "dev"],
        cwd=sf.project,
        env=sf.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as tail:
        lines = tail.stdout or ()
        is_shown = threading.Event()

        def read() -> None:
            if any("DEBUG|hello" in line for line in lines):
                is_shown.set()

        threading.Thread(target=read, daemon=True).start()
        try:
            for _ in range(10):  # the first runs may be earlier than the trace flag
                sf("apex run -f scripts/hello.apex -o dev")
                if is_shown.wait(1):
                    return
            must(False, "no log was shown")
        finally:
            tail.kill()


def _ask(trial: Trial, sf: Cli, username: str) -> None:
    """Lists, display, queries."""

    def listed() -> None:
        scratch = sf("org list")["result"]["scratchOrgs"]
        must([one["username"] for one in scratch] == [username], f"other orgs: {scratch}")

    trial.step("org list", listed)
    trial.step("org display", lambda: sf("org display -o dev"))

    def counted() -> None:
        file = sf.project / "query.soql"
        file.write_text("SELECT Name, Account.Name FROM Contact ORDER BY Name")
        records = sf(f"data query -f {file} -o dev")["result"]["records"]
        must([one["Account"]["Name"] for one in records] == ["Acme", "Acme"], f"{records}")

    trial.step("data query", counted)

    def tooling() -> None:
        file = sf.project / "tooling.soql"
        file.write_text("SELECT Id, Name FROM ApexClass")
        records = sf(f"data query -f {file} -t -o dev")["result"]["records"]
        must("Greeter" in [one["Name"] for one in records], f"{records}")

    trial.step("data query, tooling", tooling)
    trial.step("org open, its link", lambda: sf("org open -o dev -r"))


def _consumer(sf: Cli, folder: Path, login: str, username: str) -> None:
    """Another home, which knows neither hub nor org: username and key are enough."""
    consumer = sf.elsewhere(folder / "consumer")
    consumer(login)
    file = sf.project / "who.soql"
    file.write_text("SELECT Id FROM Account")
    found = consumer(f"data query -f {file} -o {username}")
    must(found["result"]["totalSize"] > 0, f"{found}")


if __name__ == "__main__":
    sys.exit(main())
