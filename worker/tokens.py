"""Signed marks that tell us later that something was ours; nobody else can make one."""

from __future__ import annotations

import hashlib
import hmac

import re2

#: 80 bits of name and 128 of signature, in the letters that every mail server leaves as they are
_NAME_HEX, _SIGNATURE_HEX = 20, 32
_HEX = _NAME_HEX + _SIGNATURE_HEX
#: every run that is long enough; texts are long, and the pattern must not look at a letter twice
_LONG_HEX = re2.compile(rf"(?i)[0-9a-f]{{{_HEX},}}")


class Tokens:
    """Makes and knows our marks. They are no secrets: they are quoted, forwarded and archived."""

    def __init__(self, secret: bytes) -> None:
        """Whoever knows the secret can make marks."""
        self._secret = secret

    def mint(self, about: str) -> str:
        """The mark for that: the same each time, 52 hexadecimal digits."""
        name = hashlib.sha256(about.encode("utf-8", "surrogatepass")).hexdigest()[:_NAME_HEX]
        return name + self._signature(name)

    def found_in(self, text: str) -> tuple[str, ...]:
        """The marks of ours in an address, a Message-ID or a text; forged ones are passed over."""
        runs = (found[0].lower() for found in _LONG_HEX.finditer(text)) if len(text) >= _HEX else ()
        return tuple(run for run in runs if len(run) == _HEX and self._is_ours(run[:_NAME_HEX], run[_NAME_HEX:]))

    def _is_ours(self, name: str, signature: str) -> bool:
        return hmac.compare_digest(self._signature(name), signature)

    def _signature(self, name: str) -> str:
        return hmac.digest(self._secret, name.encode(), "sha256").hex()[:_SIGNATURE_HEX]
