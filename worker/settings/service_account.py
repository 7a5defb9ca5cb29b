"""The JSON key of a Google service account: what we need of it, and what can be wrong with it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

_CURE = "download a new JSON key in the Google Cloud console (IAM, Service accounts, Keys)"


@dataclass(frozen=True)
class ServiceAccount:
    """Who signs, and with what."""

    email: str
    #: the number to which domain-wide delegation is granted in the Admin console
    client_id: str
    key_id: str
    #: PEM
    private_key: str = field(repr=False)


def service_account_of(text: str) -> ServiceAccount:
    """The account of a JSON key. Raises ValueError with what is wrong and the cure; never with a part of the key."""
    try:
        key = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"is no JSON; {_CURE}") from None
    if not isinstance(key, dict) or key.get("type") != "service_account":
        raise ValueError(f"is no key of a service account (its type must be service_account); {_CURE}")
    missing = [name for name in ("client_email", "private_key") if not isinstance(key.get(name), str) or not key[name]]
    if missing:
        raise ValueError(f"lacks {' and '.join(missing)}; {_CURE}")
    # Variables often hold the lines of a key joined by a backslash and an n.
    pem = key["private_key"].replace("\\n", "\n").strip() + "\n"
    if not _is_rsa(pem):
        raise ValueError(f"holds a private_key that is no RSA key in PEM; {_CURE}")
    return ServiceAccount(key["client_email"], str(key.get("client_id", "")), str(key.get("private_key_id", "")), pem)


def _is_rsa(pem: str) -> bool:
    # Loaded only where there is a key to look at: it would slow down every start.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return isinstance(load_pem_private_key(pem.encode(), None), RSAPrivateKey)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
