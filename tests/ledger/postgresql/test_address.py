"""A URL names a server and a database; what it says of passwords is never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.errors import UsageError
from provisioner.ledger import open_ledger
from provisioner.ledger.postgresql.address import address_of, url_problem

NAMES = {
    "postgresql://db.acme.example/pools": "postgresql://db.acme.example/pools",
    "postgresql://ann:hunter2@db:5433/pools": "postgresql://db:5433/pools",
    "postgresql://ann:hunter2@a:1,b:2/pools": "postgresql://a:1,b:2/pools",
    "postgresql://ann@a,b/pools?port=7": "postgresql://a:7,b:7/pools",
    "postgresql:///pools?host=/run/postgresql": "postgresql:///pools?host=/run/postgresql",
    "postgresql:///?service=pools": "postgresql:///?service=pools",
    "postgresql://db/pools?password=hunter2&sslpassword=hunter2": "postgresql://db/pools",
}


@pytest.mark.parametrize(("url", "name"), NAMES.items(), ids=NAMES.keys())
def test_the_name_of_a_ledger_is_its_url_without_user_and_password(url: str, name: str) -> None:
    address = address_of(url)
    assert address.name == name
    assert "hunter2" not in repr(address)


def test_a_password_may_hold_anything_that_is_escaped() -> None:
    address = address_of("postgresql://ann:h%40n%2Fter%3A2@db/pools")
    assert (address.user, address.secrets) == ("ann", ("h@n/ter:2",))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:",
        "postgresql:x",
        "postgresql://ann:hunter2@db:5432/po ols",
        "postgresql://ann:hunt@er2@db/pools",
        "postgresql://ann:hunt/er2@db/pools",
        "postgresql://ann:hunter2%zz@db/pools",
        "postgresql://ann@db/pools?hunter2=x",
        "postgresql://ann:hunter2@db/pools?host",
        "postgresql://ann:hunter2@[::1/pools",
        "postgresql://ann:hunter2\n@db/pools",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_and_not_repeated(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        open_ledger(url, tmp_path)
    assert caught.value.message == "ledger: not a valid PostgreSQL URL"
    assert caught.value.hint.startswith("write postgresql://USER@HOST:5432/DATABASE")
    assert "hunt" not in caught.value.hint
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_what_pool_yaml_can_check_without_psycopg_is_the_form() -> None:
    assert url_problem("postgresql://ann@db:5432/pools") == ""
    assert url_problem("postgresql:///pools?user=a@b") == ""
    assert "%40 for @" in url_problem("postgresql://ann:hunt@er2@db/pools")


def test_the_defaults_give_way_to_what_the_url_says() -> None:
    assert address_of("postgresql://db/x").parameters["connect_timeout"] == "10"
    assert address_of("postgresql://db/x?connect_timeout=3").parameters["connect_timeout"] == "3"
