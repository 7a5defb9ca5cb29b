"""Contradictions among Jira's settings, each with its cure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from connectors.http import url_problem
from connectors.jira.login import login_misfits

_PROJECT = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,254}\Z|[0-9]{1,19}\Z")
_GATEWAY_HOST: Final = "api.atlassian.com"
_SHORTEST_LAG_S: Final = 60.0


def jira_misfits(options: Mapping[str, object]) -> list[tuple[str, str]]:
    """(key, what is wrong and the cure) each."""
    found = [(name, problem) for name in ("url", "gateway", "login_url") if (problem := _address(options, name))]
    if urlsplit(str(options["url"])).hostname == _GATEWAY_HOST:
        found.append(("url", "is the gateway's; write the site's own, https://NAME.atlassian.net, and set cloud_id"))
    found += login_misfits(options)
    found += _place(options)
    if options.get("reopen_transition") and options.get("reopen_status"):
        found.append(("reopen_status", "give reopen_transition or reopen_status, not both"))
    return found + _labels(options) + _lag(options)


def _address(options: Mapping[str, object], name: str) -> str:
    return url_problem(str(options[name])) if options.get(name) else ""


def _place(options: Mapping[str, object]) -> list[tuple[str, str]]:
    if any(options.get(name) for name in ("service_desk", "request_type")):
        return _desk(options)
    if options.get("key_field"):
        return [
            ("key_field", "is for a service desk; leave it out, since issues have the key in a label and a property")
        ]
    project = str(options.get("project") or "")
    if not project:
        return [("project", "missing; give the project's key, for example SUP")]
    if not _PROJECT.match(project):
        return [("project", "is no project's key; it is what stands before the number of an issue, for example SUP")]
    return []


def _desk(options: Mapping[str, object]) -> list[tuple[str, str]]:
    lacking = [name for name in ("service_desk", "request_type") if not options.get(name)]
    found = [(name, "missing; give both service_desk and request_type, each by its name or id") for name in lacking]
    if not options.get("email") and not options.get("client_id"):
        why = "is not supported on Data Center; leave it out, and give project and issue_type"
        found.append(("service_desk", why))
    if options.get("set_reporter"):
        found.append(("set_reporter", "leave it out; a service desk's requests are raised on behalf of the sender"))
    return found


def _labels(options: Mapping[str, object]) -> list[tuple[str, str]]:
    given = options.get("labels")
    labels = [str(one) for one in given] if isinstance(given, list | tuple) else []
    wrong = [one for one in labels if not one or len(one) > 255 or re.search(r"\s", one)]
    return [("labels", f"{one!r} is no label: one word, at most 255 characters") for one in wrong]


def _lag(options: Mapping[str, object]) -> list[tuple[str, str]]:
    lag = options.get("search_lag_s", _SHORTEST_LAG_S)
    host = urlsplit(str(options["url"])).hostname
    if isinstance(lag, int | float) and lag < _SHORTEST_LAG_S and host not in ("127.0.0.1", "::1", "localhost"):
        return [("search_lag_s", "must be 60 or more; Jira's search lags, and a shorter wait may make two issues")]
    return []
