"""What a bearer token says of itself, when it is of the kind that does (RFC 7519); nothing of it is trusted."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any


def claims_of(token: str) -> Mapping[str, Any]:
    """The claims of a JSON Web Token; empty for any other token."""
    payload = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
