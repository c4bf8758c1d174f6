"""`check` opens the private key and judges the certificate that belongs to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from provisioner.errors import Problem
from tests.config.project import HUB, Project

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@cache
def private_key(number: int = 0) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_pem(key: rsa.RSAPrivateKey, passphrase: str = "") -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


def certificate(key: rsa.RSAPrivateKey, *, since: timedelta, until: timedelta) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW + since)
        .not_valid_after(NOW + until)
        .sign(key, hashes.SHA256())
    )


def pem(made: x509.Certificate) -> bytes:
    return made.public_bytes(serialization.Encoding.PEM)


YEAR = timedelta(days=365)
GOOD = {"since": -YEAR, "until": YEAR}


def judged(project: Project, text: str = HUB) -> list[Problem]:
    return project.problems(text, keys_at=NOW)


@pytest.fixture(autouse=True)
def _key(project: Project) -> None:
    project.write("server.key", key_pem(private_key()))


def test_a_key_without_certificate_is_accepted(project: Project) -> None:
    assert judged(project) == []


@pytest.mark.parametrize("suffix", [".crt", ".pem", ".cer"])
def test_the_certificate_beside_the_key_is_found(project: Project, suffix: str) -> None:
    name = f"server{suffix}"
    project.write(name, pem(certificate(private_key(), since=-YEAR, until=-timedelta(days=1))))

    [problem] = judged(project)

    assert problem.message == (
        f"{project.folder / name}: the certificate expired on 2026-11-23; create a new one from "
        "the key and upload it to the connected app"
    )
    assert (problem.line, problem.key_path) == (4, "dev_hub.private_key")
    assert not problem.is_warning


def test_a_certificate_that_is_named_is_reported_where_it_is_named(project: Project) -> None:
    project.write("hub.crt", pem(certificate(private_key(), since=-YEAR, until=-YEAR / 2)))

    [problem] = judged(project, f"{HUB}  certificate: hub.crt\n")

    assert (problem.line, problem.column, problem.key_path) == (5, 16, "dev_hub.certificate")
    assert "expired on 2026-05-25" in problem.message


@pytest.mark.parametrize(
    ("until", "is_warning"),
    [
        (timedelta(seconds=0), False),
        (timedelta(seconds=1), True),
        (timedelta(days=29, hours=23), True),
        (timedelta(days=30), None),
    ],
)
def test_a_certificate_that_expires_within_thirty_days_is_a_warning(
    project: Project, until: timedelta, is_warning: bool | None
) -> None:
    project.write("server.crt", pem(certificate(private_key(), since=-YEAR, until=until)))

    problems = judged(project)

    assert [problem.is_warning for problem in problems] == (
        [] if is_warning is None else [is_warning]
    )


def test_a_certificate_that_is_not_valid_yet_is_a_problem(project: Project) -> None:
    later = timedelta(days=2)
    project.write("server.crt", pem(certificate(private_key(), since=later, until=YEAR)))

    [problem] = judged(project)

    assert "is not valid before 2026-11-26; check the clock" in problem.message


def test_a_certificate_of_another_key_is_a_problem(project: Project) -> None:
    project.write("server.crt", pem(certificate(private_key(1), **GOOD)))

    [problem] = judged(project)

    assert problem.message.endswith(
        "the certificate does not match the private key; write the path of the one that does"
    )
    assert not problem.is_warning


def test_a_certificate_in_der_format_is_read(project: Project) -> None:
    der = certificate(private_key(), **GOOD).public_bytes(serialization.Encoding.DER)
    project.write("hub.cer", der)

    assert judged(project, f"{HUB}  certificate: hub.cer\n") == []


@pytest.mark.parametrize("content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAA"])
def test_a_file_that_is_not_a_certificate_is_a_problem(project: Project, content: bytes) -> None:
    project.write("hub.crt", content)

    [problem] = judged(project, f"{HUB}  certificate: hub.crt\n")

    assert problem.message.endswith(
        "the file is not a certificate; write the path of an X.509 certificate"
    )


def test_a_file_beside_the_key_that_is_not_a_certificate_is_ignored(project: Project) -> None:
    project.write("server.pem", key_pem(private_key()))

    assert judged(project) == []


def test_an_encrypted_key_opens_with_its_passphrase(project: Project) -> None:
    project.write("server.key", key_pem(private_key(), "open sesame"))

    project.environ = {"SF_PRIVATE_KEY_PASSPHRASE": "open sesame"}
    assert judged(project) == []
    project.environ = {"SF_PRIVATE_KEY_PASSPHRASE": "close sesame"}
    [wrong] = judged(project)
    project.environ = {}
    [absent] = judged(project)

    assert "the passphrase is wrong for the private key" in wrong.message
    assert "is encrypted, but no passphrase was given" in absent.message
    assert "SF_PRIVATE_KEY_PASSPHRASE" in absent.message
    assert "sesame" not in wrong.message
    assert wrong.key_path == absent.key_path == "dev_hub.private_key"


def test_a_file_that_is_not_a_key_is_a_problem_for_check_only(project: Project) -> None:
    project.write("server.key", "nothing")

    [problem] = judged(project)

    assert "a private key in PEM format is required" in problem.message
    assert project.problems(HUB) == []


def test_a_key_in_a_variable_is_checked(project: Project) -> None:
    project.environ = {"PEM": key_pem(private_key()).decode().replace("\n", "\\n")}
    project.write("hub.crt", pem(certificate(private_key(1), **GOOD)))
    text = HUB.replace("server.key", "${PEM}") + "  certificate: hub.crt\n"

    [problem] = judged(project, text)

    assert "does not match the private key" in problem.message


def test_the_second_app_is_checked_like_the_first(project: Project) -> None:
    project.write("second.key", key_pem(private_key(1))).chmod(0o600)
    project.write("second.crt", pem(certificate(private_key(), **GOOD)))
    text = f"{HUB}scratch_app: {{consumer_key: x, private_key: second.key}}\n"

    [problem] = judged(project, text)

    assert problem.key_path == "scratch_app.private_key"


def test_a_wrong_key_is_reported_with_all_other_problems(project: Project) -> None:
    project.write("server.key", "nothing")

    keys = [problem.key_path for problem in judged(project, f"{HUB}ledgr: x\npools: 3\n")]

    assert keys == ["dev_hub.private_key", "ledgr", "pools"]
