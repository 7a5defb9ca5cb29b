"""How an explanation is told: as text for people, as JSON with stable keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from connectors.contract import Person, Request
from worker.cli import shapes
from worker.cli.dryrun import Errand, Explanation
from worker.cli.printing import iso, one_line, print_table, print_text, say
from worker.judge import Judgement
from worker.message import InboundMessage
from worker.outcome import Outcome
from worker.routes import Evidence, told

_INDENT = "    "


def show(seen: Explanation) -> None:
    """Message, addresses, rules, verdict, and what each connector would get."""
    _show_message(seen)
    say("\naddresses, the most reliable first:")
    print_table(("address", "header", "position", "believed"), _address_rows(seen))
    say("\nrules, the first that matches wins:")
    print_table(
        ("rule", "address", "result", "why"),
        (
            (line.route_index + 1, address, "matched" if line.matched else "not matched", line.why)
            for line, address in zip(seen.decision.trace, seen.addresses_of_rules, strict=True)
        ),
    )
    say("\nconditions, each asked whoever won:")
    print_table(
        ("rule", "condition", "holds", "seen"),
        ((one.route_index + 1, one.words, "yes" if one.holds else "no", one.seen) for one in seen.checks),
    )
    _show_verdict(seen)
    for errand in seen.errands:
        _show_errand(errand)


def as_json(seen: Explanation) -> dict[str, Any]:
    """The facts of ``explain --json``."""
    verdict, decision = seen.verdict, seen.decision
    return {
        "mailbox": seen.mailbox,
        "message": _message_json(seen.message),
        "addresses": [
            *(_address_json(one, believed=True) for one in decision.evidence),
            *(_address_json(one, believed=False) for one in decision.not_believed),
        ],
        "rules": _rules_json(seen),
        "authentication": {
            **{name: told(getattr(decision.authentication, name)) for name in ("spf", "dkim", "dmarc")},
            "authenticated": decision.authentication.aligned,
            "why": decision.authentication.why,
        },
        "spam_mark": decision.spam_mark or None,
        "language": seen.language or None,
        "outcome": _outcome(seen.judgement),
        "outcome_why": seen.judgement.why_held if _outcome(seen.judgement) != "deliver" else None,
        "reply": {
            "template": seen.reply.name or None,
            "recipient": seen.reply.recipient or None,
            "why": seen.reply.why or None,
        },
        "route": decision.name or None,
        "recipient": decision.recipient or None,
        "detail": decision.detail or None,
        "classification": verdict.kind.value,
        "reasons": list(verdict.reasons),
        "may_auto_respond": verdict.may_auto_respond,
        "connectors": [_errand_json(errand) for errand in seen.errands],
    }


def _message_json(message: InboundMessage) -> dict[str, Any]:
    return {
        "from": message.author.address,
        "from_name": message.author.name,
        "subject": message.subject,
        "date": iso(message.sent_at),
        "message_id": message.message_id or None,
        "identity": message.identity,
        "size": message.size_bytes,
        "attachments": [attachment.name for attachment in message.attachments],
        "defects": list(message.defects),
        "error": message.error,
    }


def _rules_json(seen: Explanation) -> list[dict[str, Any]]:
    return [
        {
            "rule": line.route_index + 1,
            "address": address,
            "matched": line.matched,
            "why": line.why,
            "conditions": [
                {"condition": one.words, "holds": one.holds, "seen": one.seen or None}
                for one in seen.checks
                if one.route_index == line.route_index
            ],
        }
        for line, address in zip(seen.decision.trace, seen.addresses_of_rules, strict=True)
    ]


def _show_message(seen: Explanation) -> None:
    message = seen.message
    print_table(
        ("message", ""),
        [
            ("from", _person(message.author)),
            ("subject", message.subject),
            ("date", iso(message.sent_at)),
            ("message-id", message.message_id),
            ("size", f"{message.size_bytes} bytes, {len(message.attachments)} attachments"),
            ("as if in mailbox", seen.mailbox),
            *(("odd", defect) for defect in message.defects),
            *([("unreadable", message.error)] if message.error else []),
        ],
    )


def _person(person: Person) -> str:
    return f"{person.name} <{person.address}>" if person.name else person.address


def _address_rows(seen: Explanation) -> Iterator[Sequence[object]]:
    for one in seen.decision.evidence:
        yield one.address, one.header, one.position, "yes"
    for one in seen.decision.not_believed:
        yield one.address, one.header, one.position, "no: below the border of trust"


def _show_verdict(seen: Explanation) -> None:
    verdict, decision = seen.verdict, seen.decision
    say(f"\nverdict: {verdict.kind.value}{_because(verdict.reasons)}")
    say(f"may be answered automatically: {'yes' if verdict.may_auto_respond else 'no'}")
    authentication = decision.authentication
    results = ", ".join(f"{name} {told(getattr(authentication, name))}" for name in ("spf", "dkim", "dmarc"))
    authenticated = "authenticated" if authentication.aligned else "not authenticated"
    say(f"author: {authenticated} ({results}; {one_line(authentication.why)})")
    say(f"language: {seen.language or 'cannot be told'}")
    say(f"automatic answer: {_reply(seen)}")
    outcome = _outcome(seen.judgement)
    if decision.route is None:
        fate = (
            "it would be held for a person" if outcome == "held" else f"{outcome}: {one_line(seen.judgement.why_held)}"
        )
        say(f"route: none matches, so {fate}")
        return
    by = f", for {one_line(decision.recipient)}" if decision.recipient else ""
    say(f"route: {one_line(decision.name)}{by}")


def _reply(seen: Explanation) -> str:
    reply = seen.reply
    if reply.recipient:
        return f"{one_line(reply.name)} to {one_line(reply.recipient)}, as far as the budgets allow"
    return f"none ({one_line(reply.why)})"


def _outcome(judgement: Judgement) -> str:
    if judgement.ruling:
        return type(judgement.ruling).__name__.lower()
    return "deliver" if judgement.connectors else "held"


def _because(reasons: Sequence[str]) -> str:
    return f" ({one_line('; '.join(reasons))})" if reasons else ""


def _show_errand(errand: Errand) -> None:
    say(f"\nconnector {errand.connector}, key {errand.key}")
    if errand.row:
        case = f", case {errand.row.case.number}" if errand.row.case else ""
        say(f"  ledger: {errand.row.state}{case}{_because([errand.row.why] if errand.row.why else [])}")
    say(f"  conversation: {one_line(errand.conversation.why)}")
    for line in errand.conversation.evidence:
        say(f"    {one_line(line)}")
    if errand.passed_on:
        say(f"  passed on: {one_line(errand.passed_on)}")
    say(f"  policy: {one_line(_policy(errand.ruled))}")
    if errand.problem:
        say(f"  no request can be made up: {one_line(errand.problem)}")
    if errand.fields:
        say(f"  fields: {', '.join(f'{key} = {one_line(value)}' for key, value in errand.fields.items())}")
    for request in errand.requests:
        say(f"  would send: {one_line(request.method)} {one_line(request.target)}")
        print_text(request.body, _INDENT)


def _policy(outcome: Outcome | None) -> str:
    return f"{type(outcome).__name__.lower()}, {outcome.why}" if outcome else "deliver"


def _address_json(one: Evidence, *, believed: bool) -> dict[str, Any]:
    return {
        "address": one.address,
        "detail": one.detail or None,
        "header": one.header,
        "position": one.position,
        "believed": believed,
    }


def _errand_json(errand: Errand) -> dict[str, Any]:
    conversation = errand.conversation
    return {
        "connector": errand.connector,
        "key": errand.key,
        "ledger": shapes.of_delivery(errand.row) if errand.row else None,
        "policy": type(errand.ruled).__name__.lower() if errand.ruled else "deliver",
        "policy_why": errand.ruled.why if errand.ruled else None,
        "conversation": {
            "case": shapes.of_case(conversation.case),
            "follows": shapes.of_case(conversation.follows),
            "public": conversation.public,
            "wait_for": conversation.wait_for or None,
            "why": conversation.why,
            "evidence": list(conversation.evidence),
        },
        "passed_on": errand.passed_on or None,
        "fields": dict(errand.fields),
        "requests": [_request_json(request) for request in errand.requests],
        "problem": errand.problem or None,
    }


def _request_json(request: Request) -> dict[str, str]:
    return {"method": request.method, "target": request.target, "body": request.body}
