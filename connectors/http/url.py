"""Which addresses a connector may talk to: https anywhere, http only to this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def url_problem(url: str) -> str:
    """What is wrong with a CRM's address and the cure, or "" if nothing is."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is no address; write https://NAME"
    if parts.scheme not in ("https", "http") or not host:
        return "is no address; write https://NAME"
    if parts.username or parts.password:
        return "must not hold a user or a password; use the connector's own keys"
    if parts.query or parts.fragment:
        return "must end with the host or a path; leave out what follows ? or #"
    if parts.scheme == "http" and not is_loopback(host):
        return "must be https, since http is for a loopback address only"
    return ""


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, by name or by number."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
