"""One rig a CRM for the end-to-end test: how to build it, and what it holds in the end. A new one is one entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.conformance import RiggedCrm
from connectors.contract import CaseRef, Connector
from connectors.hubspot import HubSpot
from connectors.jira import Jira
from connectors.salesforce import Salesforce
from connectors.zendesk import Zendesk
from tests.connectors.rigs import RiggedDesk
from tests.connectors.rigs_hubspot import RiggedHubSpot
from tests.connectors.rigs_jira import RiggedJira
from tests.connectors.rigs_salesforce import RiggedSalesforce, refused
from tests.connectors.rigs_zendesk import RiggedZendesk
from tests.fakes.http_server import Reply
from tests.house.storm import Storm, StormyDesk

_NO_SUCH_FORM = (400, 405, 406, 411, 415, 422)


@dataclass(frozen=True)
class Rig:
    """``rigged`` is the kit's view of the CRM, with its ``fake`` if it has one; ``slow_down`` is that vendor's 429."""

    name: str
    rigged: Callable[[Path], RiggedCrm]
    connector: Callable[[Any, Path, Storm], Connector]
    cases: Callable[[Any], Sequence[CaseRef]]
    violations: Callable[[Any], Sequence[str]] = lambda _: ()
    slow_down: Reply | None = None
    #: files belong to the case and to no message in it; one whose upload is in doubt may be there twice
    files_of_case: bool = False
    #: what the CRM itself forgets in a day
    next_day: Callable[[Any], None] = lambda _: None


def _desk_cases(rigged: RiggedDesk) -> list[CaseRef]:
    return [CaseRef(one.id, one.number) for one in rigged._desk.cases()]


def _zendesk_cases(rigged: RiggedZendesk) -> list[CaseRef]:
    return [CaseRef(str(one.id), str(one.id)) for one in rigged.fake.tickets]


def _refused_calls(rigged: Any) -> list[str]:
    """Of a fake that keeps no list of violations: what it refused for its form."""
    return [f"{seen.method} {seen.path}: {status}" for seen, status in rigged.fake.log if status in _NO_SUCH_FORM]


def _without_lag(rigged: RiggedJira) -> RiggedJira:
    rigged.fake.desk.lag_s = 0.0
    return rigged


def _jira_cases(rigged: RiggedJira) -> list[CaseRef]:
    return [CaseRef(str(one.id), str(one.id)) for one in rigged.fake.issues]


RIGS = (
    Rig(
        "desk",
        lambda folder: RiggedDesk(str(folder / "desk")),
        lambda rigged, folder, storm: StormyDesk(str(folder / "desk"), storm),
        _desk_cases,
    ),
    Rig(
        "zendesk",
        lambda folder: RiggedZendesk(),
        lambda rigged, folder, storm: Zendesk(**rigged.fake.options),
        _zendesk_cases,
        violations=lambda rigged: rigged.fake.violations,
        slow_down=Reply(429, {"error": "APIRateLimitExceeded"}, {"Retry-After": "1"}),
        next_day=lambda rigged: rigged.fake.desk.idempotent.clear(),
    ),
    Rig(
        "salesforce",
        lambda folder: RiggedSalesforce(),
        lambda rigged, folder, storm: Salesforce(**rigged.fake.options),
        lambda rigged: [CaseRef(one, one) for one in rigged.fake.org.store.rows["Case"]],
        violations=_refused_calls,
        slow_down=Reply(403, refused("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), {"Retry-After": "1"}),
    ),
    Rig(
        "jira",
        lambda folder: _without_lag(RiggedJira()),
        lambda rigged, folder, storm: Jira(**rigged.fake.options),
        _jira_cases,
        violations=_refused_calls,
        files_of_case=True,
    ),
    Rig(
        "jira-dc",
        lambda folder: _without_lag(RiggedJira(data_center=True)),
        lambda rigged, folder, storm: Jira(**rigged.fake.options),
        _jira_cases,
        violations=_refused_calls,
        files_of_case=True,
    ),
    Rig(
        "hubspot",
        lambda folder: RiggedHubSpot(),
        lambda rigged, folder, storm: HubSpot(**rigged.fake.options),
        lambda rigged: [CaseRef(one.id, one.id) for one in rigged.fake.live("tickets")],
        violations=lambda rigged: rigged.fake.violations,
    ),
)
