"""Jira as a connector: one POST a new issue, one a comment, each stamped with the key, and one for all its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from connectors.contract import (
    Capabilities,
    CaseRef,
    CaseState,
    Change,
    Connector,
    Dedupe,
    Delivery,
    Finding,
    Request,
)
from connectors.http import HttpClient
from connectors.jira.api import Api
from connectors.jira.changes import Changes
from connectors.jira.cloud import Cloud
from connectors.jira.data_center import DataCenter
from connectors.jira.exchange import Exchange
from connectors.jira.finding import Finder
from connectors.jira.flavour import Flavour
from connectors.jira.health import Examination, Wishes
from connectors.jira.login import GATEWAY, LOGIN_URL, Login
from connectors.jira.marks import Marks
from connectors.jira.misfits import jira_misfits
from connectors.jira.people import People
from connectors.jira.preview import requests
from connectors.jira.project import Project
from connectors.jira.rules import JiraRules
from connectors.jira.service_desk import Desk, DeskExamination, DeskMarks, DeskRules, DeskWriter, desk_requests
from connectors.jira.states import States
from connectors.jira.workflow import Workflow
from connectors.jira.writing import Manner, Writer

Preview = Callable[[Delivery], Sequence[Request]]


class Jira(Connector):
    """Options: url; project and issue_type, or service_desk and request_type (Jira Service Management); email and
    token, or client_id, client_secret and cloud_id (Cloud), or a token alone (Data Center).

    key_field          of a service desk: a text field of the request type that takes the key
    labels             further labels of new issues
    sender_field       the field of the create screen that takes the sender's address
    set_reporter       make the sender the reporter, where an account has the same address
    reopen_transition  the name of the way back from done; or reopen_status, the status that it leads to
    responded_transition  the way that an open issue takes when its customer has written
    internal_role      the project role that alone may see notes
    token_expires      the day on which the token ends, as Atlassian showed it
    search_lag_s       seconds until the search is sure to show a new issue
    """

    capabilities = Capabilities(
        dedupe=Dedupe.SEARCH,
        updates=True,
        reads_back=True,
        answers=True,
        max_text_chars=30_000,
        max_attachment_bytes=1 << 30,
        visible_after_s=60.0,
    )

    # One keyword a settings key is the contract, so there are more than a function should have.
    def __init__(  # noqa: PLR0913
        self,
        *,
        url: str,
        project: str = "",
        issue_type: str = "Task",
        email: str = "",
        token: str = "",
        client_id: str = "",
        client_secret: str = "",
        cloud_id: str = "",
        service_desk: str = "",
        request_type: str = "",
        key_field: str = "",
        labels: tuple[str, ...] = (),
        sender_field: str = "",
        set_reporter: bool = False,
        reopen_transition: str = "",
        reopen_status: str = "",
        responded_transition: str = "",
        internal_role: str = "",
        token_expires: date | None = None,
        search_lag_s: float = 60.0,
        gateway: str = GATEWAY,
        login_url: str = LOGIN_URL,
    ) -> None:
        login = Login(url, email, token, client_id, client_secret, cloud_id, gateway, login_url)
        self.capabilities = replace(
            type(self).capabilities, visible_after_s=search_lag_s, internal_notes=bool(service_desk)
        )
        self._connect(login, DeskRules() if service_desk else JiraRules())
        self._target = f"{url.rstrip('/')}/{f'servicedesk/{service_desk}' if service_desk else project}"
        manner = Manner(labels, sender_field, set_reporter, internal_role)
        wishes = Wishes(sender_field, set_reporter, token_expires)
        if service_desk:
            self._serve(Desk(self._api, service_desk, request_type, key_field), login, manner, wishes)
        else:
            self._track(Project(self._api, project, issue_type), login, manner, wishes)
        self._join(Workflow(self._api, reopen_transition, reopen_status, responded_transition))

    def _join(self, workflow: Workflow) -> None:
        finder = Finder(self._flavour, self._project, self._marks)
        self._exchange = Exchange(self._writer, finder, workflow)
        self._changes = Changes(self._flavour, self._people, workflow, self._writer, finder)

    def _track(self, project: Project, login: Login, manner: Manner, wishes: Wishes) -> None:
        """Issues of a project."""
        self._project = project
        self._people = People(self._flavour, project)
        self._marks = Marks()
        writer = self._writer = Writer(self._flavour, project, self._people, manner)
        self._health = Examination(self._api, login, project, wishes)
        self._preview: Preview = lambda delivery: requests(self._flavour, writer, delivery)

    def _serve(self, desk: Desk, login: Login, manner: Manner, wishes: Wishes) -> None:
        """Requests to a service desk."""
        self._project = desk
        self._people = People(self._flavour, desk)
        self._marks = DeskMarks(desk, self._flavour, self._people)
        writer = self._writer = DeskWriter(self._flavour, desk, self._people, manner)
        self._health = DeskExamination(desk, login, wishes)
        self._preview = lambda delivery: desk_requests(self._flavour, desk, writer, delivery)

    def _connect(self, login: Login, rules: JiraRules) -> None:
        secrets = login.secrets()
        self._http = HttpClient(login.base, rules, secrets)
        rules.limits = self._http.limits
        self._office = login.office(secrets)
        self._http.auth = login.auth(self._office)
        flavour: type[Flavour] = DataCenter if login.is_data_center else Cloud
        self._api = Api(self._http, flavour.root, login.url)
        self._flavour: Flavour = flavour(self._api)

    @classmethod
    def misfits(cls, options: Mapping[str, object]) -> Sequence[tuple[str, str]]:
        return jira_misfits(options)

    @property
    def target(self) -> str:
        return self._target

    def check(self) -> Sequence[Finding]:
        return self._health.findings()

    def find(self, delivery: Delivery) -> CaseRef | None:
        return self._exchange.find(delivery)

    def create(self, delivery: Delivery) -> CaseRef:
        return self._exchange.create(delivery)

    def append(self, delivery: Delivery) -> CaseRef:
        return self._exchange.append(delivery)

    def update(self, case: CaseRef, change: Change) -> None:
        self._changes.apply(case, change)

    def read_back(self, since: datetime) -> Iterator[CaseState]:
        return States(self._flavour, self._people, self._project, self._marks).since(since)

    def preview(self, delivery: Delivery) -> Sequence[Request]:
        return self._preview(delivery)

    def close(self) -> None:
        self._http.close()
        if self._office is not None:
            self._office.close()
