"""What a thousand mails cost: calls counted at the fake, under `make soak`."""

from __future__ import annotations

from collections import Counter

import pytest

from connectors.conformance import delivery, file_of
from connectors.jira import Jira
from tests.fakes.jira import JiraFake

_NEW, _FURTHER = 400, 600


def _kind(call: str) -> str:
    return "/".join("ID" if part.isdigit() else part for part in call.split("/"))


@pytest.mark.soak
def test_calls_per_thousand_mails() -> None:
    """400 new, 600 further, half of them with a file, a third of the further ones to an issue that is done.

    One call a new issue and a comment, one for all files of a mail, one that opens an issue again, as the vendor's
    flows have it; and one look at the status before each further message, without which a done one stays done.
    """
    fake = JiraFake().start()
    jira = Jira(**fake.options)
    cases = [jira.create(delivery(attachments=(file_of(b"x"),) * (number % 2))) for number in range(_NEW)]
    reopened = 0
    for number in range(_FURTHER):
        case = cases[number % _NEW]
        if number % 3 == 0:
            fake.issue(case.id).move("3")
            reopened += 1
        jira.append(delivery(case=case, attachments=(file_of(b"y"),) * (number % 2)))
    kinds = Counter(_kind(one) for one in fake.calls())
    print("\n" + "\n".join(f"{count:6} {kind}" for kind, count in kinds.most_common()))
    print(f"{sum(kinds.values()):6} in all")
    assert kinds == {
        "POST /oauth/token": 1,
        "GET /attachment/meta": 1,
        "POST /issue": _NEW,
        "GET /issue/ID": _FURTHER,
        "POST /issue/ID/comment": _FURTHER,
        "POST /issue/ID/attachments": (_NEW + _FURTHER) // 2,
        "GET /issue/ID/transitions": 1,
        "POST /issue/ID/transitions": reopened,
    }
    jira.close()
    fake.stop()
