"""Is it from a person? Automatic, bounce, list, spam or our own loop: named signs, each with its reason."""

from __future__ import annotations

from worker.classify import bounces, failures, senders, signs
from worker.classify.facts import as_json
from worker.classify.model import Kind, Verdict
from worker.classify.signs import LOOP_HEADER, Sign
from worker.message import InboundMessage

__all__ = ["LOOP_HEADER", "Kind", "Verdict", "as_json", "classify"]

# The first kind with a sign is the verdict.
_KINDS: tuple[tuple[Kind, tuple[Sign, ...]], ...] = (
    (Kind.LOOP, (signs.own_mark, signs.own_automatic)),
    (
        Kind.BOUNCE,
        (failures.delivery_report, failures.failed_recipients, failures.notice, failures.mail_system_failure),
    ),
    (
        Kind.AUTO_REPLY,
        (
            signs.auto_submitted,
            signs.report_type,
            signs.notice,
            signs.auto_fields,
            signs.auto_precedence,
            signs.exchange_rule,
            signs.out_of_office,
            signs.calendar_answer,
            senders.mail_system_author,
        ),
    ),
    (Kind.SPAM, (signs.spam_flag,)),
    (Kind.LIST, (signs.list_fields, signs.bulk_precedence)),
    (Kind.AUTO_REPLY, (signs.loop_mark,)),
)
# Signs that forbid an answer without saying what the message is: people's mail may carry them.
_QUIET: tuple[Sign, ...] = (
    senders.null_return_path,
    senders.robot_author,
    signs.suppressed,
    senders.nobody_reads,
    senders.own_author,
    senders.no_author,
    senders.nobody_addressed,
    senders.helpdesk,
)


def classify(message: InboundMessage, own_addresses: frozenset[str] = frozenset()) -> Verdict:
    """The verdict on a message; pure. ``own_addresses``: mailboxes and senders of ours, any case."""
    own = frozenset(address.lower() for address in own_addresses)
    kinds = [(kind, reason) for kind, group in _KINDS for sign in group if (reason := sign(message, own))]
    quiet = [reason for sign in _QUIET if (reason := sign(message, own))]
    kind = kinds[0][0] if kinds else Kind.CUSTOMER
    is_bounce = kind is Kind.BOUNCE
    reported = kind is Kind.AUTO_REPLY and (message.delivery_status or signs.notice(message, own))
    return Verdict(
        kind=kind,
        reasons=tuple(dict.fromkeys([reason for _, reason in kinds] + quiet)),
        may_auto_respond=kind is Kind.CUSTOMER and not quiet,
        bounce_recipients=bounces.recipients(message) if is_bounce else (),
        bounce_status=bounces.status(message) if is_bounce else bounces.reported_status(message) if reported else None,
    )
