"""Reads and checks the private key that signs logins, and never prints it.

Accepted are RSA keys of 2,048 bits and more, in PKCS#1 or PKCS#8, with or without a passphrase,
from a file or as text in the forms of `key_text`. Reading takes 0.1 ms without the arithmetic check
of the key (47 ms). Salesforce refuses the signature of a damaged key.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.errors import UsageError
from provisioner.input_file import is_handed_over, read_handed_over, read_input
from provisioner.salesforce.key_text import is_key_text, pem_text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

MINIMUM_BITS = 2048  # docs/reference/login.md#apps-and-certificates
MAXIMUM_BYTES = 100_000
PASSPHRASE_VARIABLE = "SF_PRIVATE_KEY_PASSPHRASE"  # noqa: S105 - a name, not a value

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_MAKE_ONE = "create one with: openssl genrsa -out server.key 2048"
"""Only for keys that cannot be used: a new key needs a new certificate in the connected app."""

_COPY_AGAIN = (
    "copy it again from its file, complete and with its line breaks (base64 keeps them); "
    "test the file with: openssl pkey -noout -check -in FILE"
)


class SigningKey:
    """An RSA private key for signing. It is never printed or pickled."""

    __slots__ = ("is_encrypted", "private")

    def __init__(self, private: RSAPrivateKey, *, is_encrypted: bool = False) -> None:
        self.private = private
        self.is_encrypted = is_encrypted  # in its file

    def plain_pem(self) -> bytes:
        """The unencrypted key in PEM, for programs that read it from a file."""
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            NoEncryption,
            PrivateFormat,
        )

        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def __repr__(self) -> str:
        return "SigningKey(***)"

    def __reduce__(self) -> str:
        raise TypeError("a SigningKey cannot be pickled")


def load_signing_key(source: Path | str, passphrase: str | None = None) -> SigningKey:
    """Read the key from a file (Path) or from PEM text (str).

    A passphrase is ignored when the key needs none. Raises UsageError with the file and the
    problem, and without any of its content.
    """
    name = _name_of(source)
    text = _read(source, name) if isinstance(source, Path) else source
    label, pem = _private_block(text, name)
    is_encrypted = "ENCRYPTED" in label or "Proc-Type: 4,ENCRYPTED" in pem
    if is_encrypted and not passphrase:
        raise UsageError(
            f"{name}: the private key is encrypted, but no passphrase was given",
            code="key_passphrase",
            hint=f"set {PASSPHRASE_VARIABLE} to the passphrase",
        )
    private = _parse(pem, passphrase if is_encrypted else None, name)
    if private.key_size < MINIMUM_BITS:
        raise UsageError(
            f"{name}: the key has {private.key_size} bits; Salesforce requires {MINIMUM_BITS}",
            code="key_too_small",
            hint=_MAKE_ONE,
        )
    return SigningKey(private, is_encrypted=is_encrypted)


def _name_of(source: Path | str) -> str:
    """The name of the source in errors: its path, unless the path is the text of a key."""
    if isinstance(source, str):
        return "private key"
    path = str(source)
    return "private key" if is_key_text(path) or len(path) > 255 else path


def _read(path: Path, name: str) -> str:
    """The text of the key file. Raises UsageError for a file larger than a key."""
    if name != str(path):
        raise UsageError(
            "this is the text of a private key, not the path of its file",
            code="key_missing",
            hint="write the key to a file of mode 0600 and pass the path of that file",
        )
    try:
        read = read_handed_over if is_handed_over(path) else read_input
        content = read(path.expanduser(), MAXIMUM_BYTES)
    except FileNotFoundError:
        raise UsageError(
            f"{name}: the private key file does not exist",
            code="key_missing",
            hint="check the path",
        ) from None
    except (
        OSError,
        ValueError,
        RuntimeError,
    ) as error:  # a NUL in the path; `~` without a home directory
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise UsageError(
            f"{name}: the private key file cannot be read: {reason}", code="key_unreadable"
        ) from None
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))  # `>` of PowerShell writes UTF-16
    return content.decode("utf-16" if is_utf16 else "utf-8-sig", errors="replace")


def _private_block(text: str, name: str) -> tuple[str, str]:
    """Label and PEM of the private key in `text`. Raises UsageError without one."""
    blocks = _BLOCK.findall(pem_text(text))
    for label, body in blocks:
        if label in ("PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY"):
            return label, f"-----BEGIN {label}-----{body}-----END {label}-----\n"
    raise _not_a_key(blocks[0][0] if blocks else "", text, name)


def _not_a_key(label: str, text: str, name: str) -> UsageError:
    """The error for a file without a private key, by the label of its first PEM block."""
    if not label:
        is_cut = "-----BEGIN" in text
        wrong = "the PEM text is incomplete" if is_cut else "this is not PEM text"
        return UsageError(
            f"{name}: {wrong}; a private key in PEM format is required",
            code="key_format",
            hint="the first line of the file must have the words BEGIN PRIVATE KEY, and its last "
            "line END PRIVATE KEY; convert a DER file with: openssl pkey -inform DER",
        )
    if "CERTIFICATE" in label:
        wrong, hint = "a certificate", "pass the private key of this certificate"
    elif "PUBLIC" in label:
        wrong, hint = "a public key", "pass the private key of this public key"
    elif "OPENSSH" in label:
        wrong, hint = "an OpenSSH key", "convert a copy of it: ssh-keygen -p -m PEM -f COPY"
    elif label.startswith(("EC", "DSA")):
        wrong, hint = f"a key of type {label.split()[0]}", f"Salesforce requires RSA; {_MAKE_ONE}"
    else:
        wrong, hint = f"a PEM block {label!r}", "pass the file that contains BEGIN PRIVATE KEY"
    return UsageError(f"{name}: this is {wrong}, not a private key", code="key_format", hint=hint)


def _parse(pem: str, passphrase: str | None, name: str) -> RSAPrivateKey:
    """The key in one PEM block. Raises UsageError without the text of the parser's error."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private = load_pem_private_key(
            pem.encode(),
            passphrase.encode() if passphrase else None,
            unsafe_skip_rsa_key_validation=True,
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        if passphrase:
            raise UsageError(
                f"{name}: the passphrase is wrong for the private key, or the key is damaged",
                code="key_passphrase",
                hint=f"check {PASSPHRASE_VARIABLE}",
            ) from None
        raise UsageError(
            f"{name}: the private key is damaged", code="key_format", hint=_COPY_AGAIN
        ) from None
    if not isinstance(private, RSAPrivateKey):
        raise UsageError(
            f"{name}: this is not an RSA key",
            code="key_format",
            hint=f"Salesforce requires RSA; {_MAKE_ONE}",
        )
    return private
