"""The little language of rules: exact, "*@domain", "re:PATTERN", "*". Patterns are RE2, so no mail can stall them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import re2

from worker.settings.addresses import address_key, domain_key, shown_domain, split_detail

REGEX = "re:"
#: more of a header than this is not looked at
MATCHED_CHARS = 65_536

Test = Callable[[str], bool]


def compiled(pattern: str) -> Any:
    """The pattern, without regard to case.

    Raises ValueError, in RE2's words, for what RE2 refuses: back-references, look-around, mistakes.
    """
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        words = error.args[0] if error.args else b"?"
        raise ValueError(words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)) from None


def text_test(condition: str) -> Test:
    """Whether a text contains the condition or, after ``re:``, a match of the pattern; case does not matter."""
    if condition.startswith(REGEX):
        pattern = compiled(condition.removeprefix(REGEX).strip())
        return lambda text: pattern.search(text[:MATCHED_CHARS]) is not None
    wanted = condition.strip().casefold()
    if not wanted:
        raise ValueError("empty")
    return lambda text: wanted in text[:MATCHED_CHARS].casefold()


def pattern_in(condition: str) -> Any:
    """The pattern after ``re:``, or None for a condition without one. Raises ValueError."""
    return compiled(condition.removeprefix(REGEX).strip()) if condition.startswith(REGEX) else None


@dataclass(frozen=True)
class AddressRule:
    """One address form, ready to compare with addresses in the spelling of ``address_key``."""

    written: str
    #: comparable form: equal keys match the same addresses
    key: str
    exact: Test
    #: also lets ``support+vip@x`` pass as ``support@x``
    without_detail: Test

    def covers(self, other: AddressRule) -> bool:
        """Whether each address that ``other`` matches is matched here too; False when it cannot be told."""
        if self.key in ("*", other.key):
            return True
        if other.key.startswith((REGEX, "*")) or self.key.startswith(REGEX):
            return False
        return self.exact(other.key) or self.without_detail(other.key)


def address_rule(written: str) -> AddressRule:
    """Read one address form. Raises ValueError saying what is wrong with it."""
    text = written.strip()
    if text == "*":
        return AddressRule(written, "*", _always, _always)
    if text.startswith(REGEX):
        return _pattern_rule(written, text.removeprefix(REGEX).strip())
    if text.startswith("*@"):
        return _domain_rule(written, domain_key(text.removeprefix("*@")))
    return _exact_rule(written, address_key(text).casefold())


def _always(_: str) -> bool:
    return True


def _pattern_rule(written: str, pattern: str) -> AddressRule:
    whole = compiled(pattern)

    def exact(address: str) -> bool:
        local, at, domain = address[:MATCHED_CHARS].rpartition("@")
        spellings = {address[:MATCHED_CHARS], f"{local}{at}{shown_domain(domain)}"}
        return any(whole.fullmatch(spelling) for spelling in spellings)

    return AddressRule(written, f"{REGEX}{pattern}", exact, lambda address: exact(split_detail(address)[0]))


def _domain_rule(written: str, domain: str) -> AddressRule:
    if not domain or "@" in domain or "*" in domain:
        raise ValueError("no domain after *@")

    def exact(address: str) -> bool:
        return address.rpartition("@")[1:] == ("@", domain)

    return AddressRule(written, f"*@{domain}", exact, exact)


def _exact_rule(written: str, address: str) -> AddressRule:
    if not address or "*" in address:
        raise ValueError("neither an address nor one of the forms")

    def exact(other: str) -> bool:
        return other.casefold() == address

    return AddressRule(written, address, exact, lambda other: split_detail(other)[0].casefold() == address)


def header_condition(condition: str) -> tuple[str, Test]:
    """``Name``, ``Name: text`` or ``Name: re:PATTERN`` to the field's name and the test of its value."""
    name, colon, text = condition.partition(":")
    if not name.strip() or any(char.isspace() or not char.isprintable() for char in name.strip()):
        raise ValueError("no field name before the colon")
    return name.strip(), text_test(text.strip()) if colon and text.strip() else _always
