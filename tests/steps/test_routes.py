"""First match wins, over evidence in the order of its worth; what lost is told (H13, H57, H58)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.routing import mail, routed
from worker.message import InboundMessage
from worker.routes import evidence
from worker.settings import Route


def to(*addresses: str) -> InboundMessage:
    return mail(("To", ", ".join(addresses)))


@pytest.mark.parametrize(
    ("form", "address", "matches"),
    [
        ("help@example.com", "help@example.com", True),
        ("help@example.com", "HELP@Example.COM", True),
        ("help@example.com", "help@example.com.", True),
        ("help@example.com", "help+vip@example.com", True),
        ("help+vip@example.com", "help+vip@example.com", True),
        ("help+vip@example.com", "help+other@example.com", False),
        ("help+vip@example.com", "help@example.com", False),
        ("help@example.com", "helper@example.com", False),
        ("help@example.com", "help@sub.example.com", False),
        ("help@example.com", '"help"@example.com', True),
        ("*@example.com", "anyone@example.com", True),
        ("*@example.com", "anyone@sub.example.com", False),
        ("*@example.com", "anyone@badexample.com", False),
        (r"re:^vip-.*@example\.com$", "VIP-7@example.com", True),
        (r"re:vip-.*@example\.com", "not-vip-7@example.com", False),
        (r"re:vip-[0-9]@example\.com", "vip-7+x@example.com", True),
        ("a@bücher.example", "a@xn--bcher-kva.example", True),
        ("a@xn--bcher-kva.example", "a@BÜCHER.example", True),
        (r"re:.*@bücher\.example", "a@xn--bcher-kva.example", True),
        ("*@faß.example", "a@xn--fa-hia.example", True),
        ("*@faß.example", "a@fass.example", False),
        ("*", "anyone@anywhere.example", True),
    ],
)
def test_address_forms(form: str, address: str, matches: bool) -> None:
    message = mail(("Delivered-To", address))
    assert (routed(message, form).route is not None) is matches


def test_first_match_wins_whatever_the_evidence() -> None:
    message = mail(("Delivered-To", "b@x.org"), ("To", "a@x.org"))
    decision = routed(message, "none@x.org", "a@x.org", "b@x.org", "*")
    assert (decision.route_index, decision.recipient) == (1, "a@x.org")
    assert decision.name == "routes[2] a@x.org"


def test_the_best_evidence_names_the_recipient() -> None:
    message = mail(("X-Original-To", "b@x.org"), ("Delivered-To", "store@x.org"), ("To", "a@x.org"))
    assert routed(message, "*@x.org").recipient == "b@x.org"
    assert routed(message, "*").recipient == "b@x.org"


def test_as_written_comes_before_without_detail() -> None:
    message = mail(("Delivered-To", "help+vip@x.org"), ("To", "help@x.org"))
    decision = routed(message, "help@x.org")
    assert (decision.recipient, decision.detail) == ("help@x.org", "")


def test_h58_an_unknown_detail_is_recorded_and_steers_nothing() -> None:
    decision = routed(to("help+queue-of-the-boss@x.org"), "help+vip@x.org", "help@x.org")
    assert (decision.route_index, decision.detail) == (1, "queue-of-the-boss")
    assert decision.recipient == "help+queue-of-the-boss@x.org"


def test_a_mail_for_nobody_takes_the_catch_all() -> None:
    decision = routed(mail(("Subject", "x")), "a@x.org", "*")
    assert (decision.route_index, decision.recipient, decision.evidence) == (1, "", ())


def test_no_route() -> None:
    decision = routed(to("c@x.org"), "a@x.org", "b@x.org")
    assert (decision.route, decision.route_index, decision.name) == (None, None, "")
    assert decision.tried == "To c@x.org"
    assert [line.matched for line in decision.trace] == [False, False]


@pytest.mark.parametrize(
    ("conditions", "matches"),
    [
        ({"subject": "[vip]"}, True),
        ({"subject": "[VIP] other"}, False),
        ({"subject": r"re:\bticket \d+"}, True),
        ({"subject": r"re:^ticket"}, False),
        ({"sender": "ann@EXAMPLE.org"}, True),
        ({"sender": "*@example.org"}, True),
        ({"sender": "*@example.com"}, False),
        ({"header": "X-Priority"}, True),
        ({"header": "x-priority: urgent"}, True),
        ({"header": "X-Priority: low"}, False),
        ({"header": "X-Priority: re:^(high|urgent)$"}, True),
        ({"header": "X-Other"}, False),
        ({"subject": "[vip]", "sender": "*@example.com"}, False),
        ({"subject": "[vip]", "sender": "*@example.org", "header": "X-Priority"}, True),
    ],
)
def test_conditions_must_all_hold(conditions: dict[str, str], matches: bool) -> None:
    message = mail(("To", "a@x.org"), ("X-Priority", "1"), ("X-Priority", "Urgent"), subject="[VIP] About ticket 7")
    route = Route(address="a@x.org", connector="desk", **conditions)  # type: ignore[arg-type]
    assert (routed(message, route).route is not None) is matches


def test_the_trace_says_why_each_rule_lost_or_won_without_the_mail_s_own_words() -> None:
    message = mail(("Delivered-To", "help@x.org"), ("To", "help@x.org"), subject="private matter")
    routes = (
        Route(address="billing@x.org", connector="desk"),
        Route(address="help@x.org", subject="[VIP]", connector="desk"),
        Route(address="help@x.org", subject="private", connector="desk"),
        Route(connector="desk"),
    )
    decision = routed(message, *routes)
    assert [str(line) for line in decision.trace] == [
        "route 1 lost: address billing@x.org is in none of Delivered-To, To",
        "route 2 lost: subject '[VIP]' does not hold",
        "route 3 matched: address help@x.org is help@x.org in Delivered-To; subject 'private'",
        "route 4 lost: not asked, route 3 came first",
    ]
    assert decision.told() == "\n".join(str(line) for line in decision.trace[:3])
    assert "matter" not in decision.told()


def test_order_of_evidence() -> None:
    names = ["List-Post", "List-Id", "Resent-Bcc", "Resent-Cc", "Resent-To", "Bcc", "Cc", "To"]
    names += ["X-Forwarded-To", "X-Envelope-To", "Envelope-To", "Delivered-To", "X-Original-To", "X-Gm-Original-To"]
    values = {"List-Id": "Help <help.x.org>", "List-Post": "<mailto:post@x.org?subject=x>"}
    message = mail(*((name, values.get(name, f"{name.lower()}@x.org")) for name in names))
    found = evidence(message, ())
    assert [one.header for one in found] == [*names[::-1][:12], "List-Id", "List-Post"]
    assert (found[-2].address, found[-1].address) == ("help.x.org", "post@x.org")
    assert all(message.headers[one.position][0] == one.header for one in found)


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ('"a, b" <a@x.org>, (c@x.org) d@x.org', ["a@x.org", "d@x.org"]),
        ("billing@x.org <evil@y.org>", ["evil@y.org"]),
        ("Team: a@x.org, B <b@x.org>;", ["a@x.org", "b@x.org"]),
        ("a@b@x.org", []),
        ("undisclosed-recipients:;", []),
        ('"quoted \\" <no@x.org>" <yes@x.org>', ["yes@x.org"]),
        ("<a@x.org>, <a@x.org>", ["a@x.org"]),
        ("<<<>>>,,,@,<@>,a@,(((", []),
        ("a b@x.org", []),
    ],
)
def test_h56_addresses_are_read_strictly(value: str, addresses: list[str]) -> None:
    assert [one.address for one in evidence(mail(("Bcc", value)), ())] == addresses


def test_h6_a_flood_of_addresses_is_cut_and_stays_fast() -> None:
    flood = mail(("Bcc", ", ".join(f"u{number}@x.org" for number in range(100_000))), ("Resent-To", "(" * 1_000_000))
    begun = time.monotonic()
    assert len(evidence(flood, ())) == 500
    assert time.monotonic() - begun < 2


def test_h13_no_pattern_stalls_on_any_mail() -> None:
    route = Route(address="*", subject="re:(a+)+$", header="X-A: re:(.*a){25}", connector="desk")
    message = mail(("To", "a@x.org"), ("X-A", "a" * 1_000_000), subject="a" * 1_000_000 + "!")
    begun = time.monotonic()
    routed(message, route)
    assert time.monotonic() - begun < 2


_TEXT = st.text(max_size=60)
_NAMES = st.sampled_from(
    ["To", "Bcc", "Delivered-To", "Received", "List-Id", "List-Post", "X-Original-To", "Resent-To"]
)


@given(st.lists(st.tuples(_NAMES, _TEXT), max_size=6), _TEXT)
def test_any_headers_give_a_decision(headers: list[tuple[str, str]], subject: str) -> None:
    message = mail(*(field for field in headers if field[0] != "To"), subject=subject)
    decision = routed(message, Route(address="re:.*@x", subject="re:x", connector="desk"), "*", border=["mx.x.org"])
    assert decision.route_index in (0, 1)
    assert len(decision.trace) == 2
