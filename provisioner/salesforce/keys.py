"""The private key that signs the logins: read once, checked, never shown.

Accepted: RSA of 2048 bits and more, PKCS#1 or PKCS#8, plain or with a passphrase, from a file
or as text in any form that CI systems give it (`key_text`).
Reading costs 0.1 ms, because the arithmetic check of the key (47 ms) is left out: a damaged
key is told by Salesforce's refusal of its signature.
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
_MAKE_ONE = "make one with: openssl genrsa -out server.key 2048"
"""Only for a key that can never do: a new one costs a new certificate in the connected app."""

_COPY_AGAIN = (
    "copy it again from its file, complete and with its line breaks (base64 keeps "
    "them); whether that file is good, can be tested by: openssl pkey -noout -check -in FILE"
)


class SigningKey:
    """An RSA private key, ready to sign. Printing or pickling it never gives the key away."""

    __slots__ = ("is_encrypted", "private")

    def __init__(self, private: RSAPrivateKey, *, is_encrypted: bool = False) -> None:
        self.private = private
        self.is_encrypted = is_encrypted  # in the file that it came from

    def plain_pem(self) -> bytes:
        """The key itself, unencrypted, for a program that takes nothing but a file of it."""
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

    A passphrase that the key does not need is ignored. Raises UsageError, which names the file
    and what is wrong with it, and never a character of its content.
    """
    place = _place(source)
    text = _read(source, place) if isinstance(source, Path) else source
    label, pem = _private_block(text, place)
    is_encrypted = "ENCRYPTED" in label or "Proc-Type: 4,ENCRYPTED" in pem
    if is_encrypted and not passphrase:
        raise UsageError(
            f"{place}: the private key is encrypted, but no passphrase was given",
            code="key_passphrase",
            hint=f"set {PASSPHRASE_VARIABLE} to the passphrase",
        )
    private = _parse(pem, passphrase if is_encrypted else None, place)
    if private.key_size < MINIMUM_BITS:
        raise UsageError(
            f"{place}: the key has {private.key_size} bits; Salesforce requires {MINIMUM_BITS}",
            code="key_too_small",
            hint=_MAKE_ONE,
        )
    return SigningKey(private, is_encrypted=is_encrypted)


def _place(source: Path | str) -> str:
    """How errors name the source: by path, unless somebody gave the key itself as path."""
    if isinstance(source, str):
        return "private key"
    name = str(source)
    return "private key" if is_key_text(name) or len(name) > 255 else name


def _read(path: Path, place: str) -> str:
    """The file's text. Only a key-sized file is read: the path may name anything."""
    if place != str(path):
        raise UsageError(
            "this is the text of a private key; the path of its file is required",
            code="key_missing",
            hint="write it to a file of mode 0600 and give the path of that file",
        )
    try:
        read = read_handed_over if is_handed_over(path) else read_input
        content = read(path.expanduser(), MAXIMUM_BYTES)
    except FileNotFoundError:
        raise UsageError(
            f"{place}: no such private key file", code="key_missing", hint="check the path"
        ) from None
    except (OSError, ValueError, RuntimeError) as error:  # a NUL in the path; a `~` without home
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise UsageError(
            f"{place}: the private key file cannot be read: {reason}", code="key_unreadable"
        ) from None
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))  # what `>` of PowerShell writes
    return content.decode("utf-16" if is_utf16 else "utf-8-sig", errors="replace")


def _private_block(text: str, place: str) -> tuple[str, str]:
    """Label and PEM of the private key in `text`; says what is there when there is none."""
    blocks = _BLOCK.findall(pem_text(text))
    for label, body in blocks:
        if label in ("PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY"):
            return label, f"-----BEGIN {label}-----{body}-----END {label}-----\n"
    raise _not_a_key(blocks[0][0] if blocks else "", text, place)


def _not_a_key(label: str, text: str, place: str) -> UsageError:
    """The error for a file that holds something else, by the label of its first PEM block."""
    if not label:
        is_cut = "-----BEGIN" in text
        wrong = "the PEM text is cut off" if is_cut else "this is not PEM text"
        return UsageError(
            f"{place}: {wrong}; a private key in PEM format is required",
            code="key_format",
            hint="the file starts with -----BEGIN PRIVATE KEY----- and ends with "
            "-----END PRIVATE KEY-----; a DER file is converted by: openssl pkey -inform DER",
        )
    if "CERTIFICATE" in label:
        wrong, hint = "a certificate", "give the private key that the certificate was made with"
    elif "PUBLIC" in label:
        wrong, hint = "a public key", "give the private key that belongs to it"
    elif "OPENSSH" in label:
        wrong, hint = "an OpenSSH key", "convert a copy of it: ssh-keygen -p -m PEM -f COPY"
    elif label.startswith(("EC", "DSA")):
        wrong, hint = f"a key of kind {label.split()[0]}", f"Salesforce takes RSA; {_MAKE_ONE}"
    else:
        wrong, hint = f"a PEM block {label!r}", "give the file that has BEGIN PRIVATE KEY in it"
    return UsageError(f"{place}: this is {wrong}, not a private key", code="key_format", hint=hint)


def _parse(pem: str, passphrase: str | None, place: str) -> RSAPrivateKey:
    """The key in one PEM block. Raises UsageError; the parser's own words are not repeated."""
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
                f"{place}: the passphrase does not fit the private key, or the key is damaged",
                code="key_passphrase",
                hint=f"check {PASSPHRASE_VARIABLE}",
            ) from None
        raise UsageError(
            f"{place}: the private key is damaged", code="key_format", hint=_COPY_AGAIN
        ) from None
    if not isinstance(private, RSAPrivateKey):
        raise UsageError(
            f"{place}: this is not an RSA key",
            code="key_format",
            hint=f"Salesforce takes RSA; {_MAKE_ONE}",
        )
    return private
