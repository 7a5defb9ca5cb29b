"""What a thousand mails cost at a service desk: calls counted at the fake, under `make soak`."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from connectors.conformance import delivery, file_of
from connectors.contract import Person
from connectors.jira import Jira
from tests.fakes.jira import JiraFake

_NEW, _FURTHER, _SENDERS = 400, 600, 200


def _kind(call: str) -> str:
    return "/".join("ID" if part.isdigit() else part for part in call.split("/"))


@pytest.mark.soak
@pytest.mark.parametrize("more", [{}, {"key_field": "Mail key"}])
def test_calls_per_thousand_mails(more: dict[str, Any]) -> None:
    """400 new by 200 senders, 600 further, half of them with a file, a third of the further ones to a done request.

    Each sender costs two calls, once a day; a label one, which ``key_field`` spares; the look at the status before a
    further message is the price of a done request that is opened again.
    """
    fake = JiraFake().start()
    jira = Jira(**fake.desk_options | {"service_desk": "4", "request_type": "25"}, **more)
    cases = []
    for number in range(_NEW):
        sender = Person("", f"{number % _SENDERS}@example.com")
        cases.append(jira.create(delivery(requester=sender, attachments=(file_of(b"x"),) * (number % 2))))
    for number in range(_FURTHER):
        case = cases[number % _NEW]
        if number % 3 == 0:
            fake.issue(case.id).move("3")
        jira.append(delivery(case=case, attachments=(file_of(b"y"),) * (number % 2)))
    kinds = Counter(_kind(one) for one in fake.calls())
    print("\n" + "\n".join(f"{count:6} {kind}" for kind, count in kinds.most_common()))
    print(f"{sum(kinds.values()):6} in all")
    assert kinds == {
        "POST /oauth/token": 1,
        "GET /attachment/meta": 1,
        "GET /servicedeskapi/servicedesk/ID/requesttype/ID/field": 1,
        "POST /servicedeskapi/customer": _SENDERS,
        "POST /servicedeskapi/servicedesk/ID/customer": _SENDERS,
        "POST /servicedeskapi/servicedesk/ID/attachTemporaryFile": (_NEW + _FURTHER) // 2,
        "POST /servicedeskapi/request": _NEW,
        **({} if more else {"PUT /issue/ID": _NEW}),
        "GET /issue/ID": _FURTHER,
        "POST /issue/ID/comment": _FURTHER // 2,
        "POST /servicedeskapi/request/ID/attachment": _FURTHER // 2,
        "GET /issue/ID/transitions": 1,
        "POST /issue/ID/transitions": _FURTHER // 3,
    }
    jira.close()
    fake.stop()
