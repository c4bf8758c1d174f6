"""Any RSA key that people have opens; any other file is refused by name, never by content."""

from __future__ import annotations

import base64
import os
import pickle
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from provisioner.errors import UsageError
from provisioner.salesforce.keys import SigningKey, load_signing_key
from tests.login.conftest import Pem

PASSPHRASE = "planted-passphrase"
ENCRYPTED = BestAvailableEncryption(PASSPHRASE.encode())
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def opens(loaded: SigningKey, private_key: rsa.RSAPrivateKey) -> bool:
    return loaded.private.public_key() == private_key.public_key()


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_both_formats_open_with_and_without_passphrase(
    form: PrivateFormat, pem: Pem, private_key: rsa.RSAPrivateKey
) -> None:
    assert opens(load_signing_key(pem(form)), private_key)
    encrypted = load_signing_key(pem(form, ENCRYPTED), PASSPHRASE)
    assert opens(encrypted, private_key)
    assert encrypted.is_encrypted


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("\n", "\\n", id="escaped"),
        pytest.param("\n", "\\r\\n", id="escaped CRLF"),
        pytest.param("\n", "\\\\n", id="escaped twice"),
        pytest.param("\n", "\\\\r\\\\n", id="escaped twice, CRLF"),
        pytest.param("\n", "\\\\\\n", id="escaped three times"),
        pytest.param("\n", "\r\n", id="CRLF"),
        pytest.param("\n", " ", id="flattened to one line"),
        pytest.param("-----BEGIN", '"-----BEGIN', id="a quote before it"),
        pytest.param("-----BEGIN", f"{CERTIFICATE}-----BEGIN", id="certificate in the same file"),
    ],
)
def test_what_ci_systems_do_to_a_key_is_undone(
    old: str, new: str, pem: Pem, private_key: rsa.RSAPrivateKey
) -> None:
    assert opens(load_signing_key(pem().replace(old, new)), private_key)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("is_der", [False, True])
def test_a_key_in_base64_opens_on_one_line_or_wrapped_in_a_file_or_as_text(
    form: PrivateFormat, is_der: bool, pem: Pem, private_key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    der = private_key.private_bytes(Encoding.DER, form, NoEncryption())
    content = der if is_der else pem(form).encode()
    one_line = base64.b64encode(content).decode()
    wrapped = base64.encodebytes(content).decode()
    forms = [one_line, one_line.rstrip("="), wrapped, wrapped.replace("\n", "\\n"), f'"{one_line}"']
    forms.append(base64.urlsafe_b64encode(content).decode())
    for text in forms:
        (tmp_path / "server.key").write_text(text)
        assert opens(load_signing_key(text), private_key)
        assert opens(load_signing_key(tmp_path / "server.key"), private_key)


def test_an_encrypted_key_in_base64_opens(pem: Pem, private_key: rsa.RSAPrivateKey) -> None:
    der = private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, ENCRYPTED)
    for content in (der, pem(PrivateFormat.PKCS8, ENCRYPTED).encode()):
        text = base64.b64encode(content).decode()
        assert opens(load_signing_key(text, PASSPHRASE), private_key)


def test_no_hint_replaces_a_key_that_may_be_good(pem: Pem) -> None:
    """A new key costs a new certificate in the connected app."""
    lines = pem().split("\n")
    damaged = "\n".join(line for index, line in enumerate(lines) if index != 4)
    for text in (damaged, pem()[:900], pem()[100:], pem().replace("PRIVATE KEY", "ODD KEY"), ""):
        with pytest.raises(UsageError) as caught:
            load_signing_key(text)
        assert "genrsa" not in caught.value.hint


def test_an_encrypted_pkcs1_key_with_escaped_line_breaks_opens(
    pem: Pem, private_key: rsa.RSAPrivateKey
) -> None:
    text = pem(PrivateFormat.TraditionalOpenSSL, ENCRYPTED).replace("\n", "\\n")
    assert opens(load_signing_key(text, PASSPHRASE), private_key)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_files_written_by_windows_tools_open(
    encoding: str, tmp_path: Path, pem: Pem, private_key: rsa.RSAPrivateKey
) -> None:
    path = tmp_path / "server.key"
    path.write_bytes(pem().encode(encoding))
    assert opens(load_signing_key(path), private_key)


def test_a_passphrase_that_is_not_needed_does_no_harm(
    pem: Pem, private_key: rsa.RSAPrivateKey
) -> None:
    assert opens(load_signing_key(pem(), "unneeded"), private_key)


def test_a_key_that_the_shell_hands_over_as_an_open_pipe_is_read(
    pem: Pem, private_key: rsa.RSAPrivateKey
) -> None:
    """`--key <(vault read …)` of a shell names such a path; a pipe with a name is refused."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="ascii") as file:
        file.write(pem())
    try:
        assert opens(load_signing_key(Path(f"/dev/fd/{reading}")), private_key)
    finally:
        os.close(reading)


def test_a_home_directory_is_expanded_and_file_modes_are_not_judged(
    tmp_path: Path, pem: Pem, private_key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "server.key").write_text(pem())
    (tmp_path / "server.key").chmod(0o644)
    assert opens(load_signing_key(Path("~/server.key")), private_key)


def small() -> str:
    key = rsa.generate_private_key(65537, 1024)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def elliptic(form: PrivateFormat) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def public() -> str:
    key = rsa.generate_private_key(65537, 1024).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        pytest.param(
            CERTIFICATE, "key_format", "this is a certificate, not a private key", id="certificate"
        ),
        pytest.param(
            public(), "key_format", "this is a public key, not a private key", id="public key"
        ),
        pytest.param(elliptic(PrivateFormat.TraditionalOpenSSL), "key_format", "type EC", id="EC"),
        pytest.param(
            elliptic(PrivateFormat.PKCS8), "key_format", "not an RSA key", id="EC, PKCS#8"
        ),
        pytest.param(elliptic(PrivateFormat.OpenSSH), "key_format", "OpenSSH", id="OpenSSH"),
        pytest.param(small(), "key_too_small", "1024 bits", id="too small"),
        pytest.param("", "key_format", "not PEM text", id="empty"),
        pytest.param("consumer key", "key_format", "not PEM text", id="other text"),
    ],
)
def test_what_is_no_usable_key_is_named(text: str, code: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "server.key"
    path.write_text(text)
    with pytest.raises(UsageError, match=words) as caught:
        load_signing_key(path)
    assert caught.value.code == code
    assert str(path) in caught.value.message


def test_a_key_cut_off_or_damaged_is_distinguished_from_other_files(pem: Pem) -> None:
    with pytest.raises(UsageError, match="incomplete"):
        load_signing_key(pem()[:900])
    with pytest.raises(UsageError, match="damaged"):
        load_signing_key("\n".join(line for i, line in enumerate(pem().split("\n")) if i != 4))


def test_a_missing_passphrase_names_the_variable_and_a_wrong_one_is_reported(pem: Pem) -> None:
    encrypted = pem(PrivateFormat.PKCS8, ENCRYPTED)
    with pytest.raises(UsageError, match="no passphrase was given") as caught:
        load_signing_key(encrypted)
    assert "SF_PRIVATE_KEY_PASSPHRASE" in caught.value.hint
    with pytest.raises(UsageError, match="is wrong") as caught:
        load_signing_key(encrypted, "planted-wrong")
    assert caught.value.code == "key_passphrase"
    assert "planted" not in str(caught.value) + caught.value.hint


def test_missing_unreadable_and_oversized_files_are_distinguished(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="private key file does not exist") as caught:
        load_signing_key(tmp_path / "server.key")
    assert caught.value.code == "key_missing"
    with pytest.raises(UsageError, match="cannot be read: it is a folder"):
        load_signing_key(tmp_path)
    with pytest.raises(UsageError, match="it is a device, not a regular file"):
        load_signing_key(Path("/dev/zero"))
    (tmp_path / "large.key").write_bytes(bytes(100_001))
    with pytest.raises(UsageError, match="it has more than 100,000 bytes"):
        load_signing_key(tmp_path / "large.key")
    with pytest.raises(UsageError, match="cannot be read"):
        load_signing_key(tmp_path / "nul\0byte")


def test_no_error_shows_key_material(pem: Pem, tmp_path: Path) -> None:
    """Neither of a key given in place of its path, nor of one that cannot be parsed."""
    bare = base64.b64encode(pem().encode()).decode()
    middle = pem()[100:140]
    wrong: list[Path | str] = [Path(pem()), Path(bare), bare[:900], pem()[:900], pem()[100:]]
    for source in wrong:
        with pytest.raises(UsageError) as caught:
            load_signing_key(source)
        shown = repr(caught.value) + caught.value.hint
        assert middle not in shown
        assert bare[:40] not in shown
        assert caught.value.__cause__ is None


def test_a_signing_key_shows_and_pickles_nothing(pem: Pem) -> None:
    key = load_signing_key(pem())
    assert repr(key) == str(key) == f"{key}" == "SigningKey(***)"
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(key)
