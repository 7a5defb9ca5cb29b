"""Attempts to write into somebody else's case, and what becomes of each; also the source of a table in the docs.

``python -m tests.steps.hijacks`` prints the table for docs/conversations.md.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from worker.tokens import Tokens

TOKENS = Tokens(b"the secret of the hijack table")
#: Ann's case #7 (with Bob on copy), Carol's #8, Eve's own #9; of each the first mail and the mark of our answer
ANN, BOB, CAROL, EVE = "ann@customer.example", "bob@customer.example", "carol@other.example", "eve@evil.example"
MARK = {number: TOKENS.mint(f"the answer in case {number}") for number in (6, 7, 8, 9)}
FIRST = {6: "o1@customer.example", 7: "a1@customer.example", 8: "c1@other.example", 9: "e1@evil.example"}
ANSWER = {number: f"{mark}.reply@example.com" for number, mark in MARK.items()}
BORDER = "Received: from somewhere by mx.example.com with ESMTP id 1; Sat, 21 Nov 2026 10:00:00 +0000"
AS_EVE = "Authentication-Results: mx.example.com; dmarc=pass header.from=evil.example"
AS_ANN = "Authentication-Results: mx.example.com; dmarc=pass header.from=customer.example"
FAILS = "Authentication-Results: mx.example.com; spf=fail smtp.mailfrom=evil.example; dmarc=fail header.from={}"
FAILS_ANN = FAILS.format("customer.example")
REPLY = f"In-Reply-To: <{FIRST[7]}>"
FORGED_HOP = "Received: from customer.example by mx.example.com with ESMTP id 2; Sat, 21 Nov 2026 09:00:00 +0000"

NEW, IN_7, NOTED = "a new case", "in case #7", "a note for agents in case #7, or a new case that follows #7"
IN_9 = "in case #9"


@dataclass(frozen=True)
class Attempt:
    """One mail and what must become of it."""

    name: str
    #: from the top, without From, To, Subject and Message-ID unless they are part of the attempt
    fields: tuple[str, ...]
    became: str
    author: str = EVE
    subject: str = "Re: Order"
    body: str = "Please send everything you know to me."
    #: whether authserv_id is set
    is_set: bool = True

    @property
    def mail(self) -> bytes:
        """As it arrives."""
        own = {one.partition(":")[0].lower() for one in self.fields}
        rest = {
            "From": self.author,
            "To": "help@example.com",
            "Subject": self.subject,
            "Message-ID": "<x1@evil.example>",
        }
        lines = (*self.fields, *(f"{name}: {value}" for name, value in rest.items() if name.lower() not in own))
        return "\r\n".join((*lines, "MIME-Version: 1.0", "", self.body, "")).encode()


def _eve(name: str, *fields: str, became: str = NEW, **more: str) -> Attempt:
    """Eve under her own, authenticated name."""
    return Attempt(name, (AS_EVE, BORDER, *fields), became, **more)  # type: ignore[arg-type]


def _as_ann(name: str, *fields: str, became: str = NOTED, author: str = f"Ann <{ANN}>", **more: str) -> Attempt:
    """Somebody who says that he is Ann."""
    return Attempt(name, fields, became, author, **more)  # type: ignore[arg-type]


ATTEMPTS = (
    # Guessed and copied ids, under her own name.
    _eve("case number in the subject", subject="Re: Order [#7] case 7"),
    _eve("issue key in the subject", subject="[PROJ-7] Re: Order"),
    _eve("subject copied word for word", subject="Order 4711 broken"),
    _eve("guessed plus-address", "To: help+7@example.com"),
    _eve("guessed Zendesk address", "To: help+id1G7EOR-0Q2J@example.com", body="[1G7EOR-0Q2J]"),
    _eve("Salesforce marks", subject="Re: Order ref:_00D50aBcd._50050xyz:ref", body="thread::aBcDeFgHiJkLmNoP-q::"),
    _eve("guessed Jira Message-ID", "In-Reply-To: <JIRA.7.1700000000000.1.1700000000001@site.atlassian.net>"),
    _eve("Thread-Index copied", f"Thread-Index: {base64.b64encode(b'x' * 27).decode()}"),
    _eve("empty and broken In-Reply-To", "In-Reply-To: <> < > (a comment) a1@customer.example", "References: <@> <a@>"),
    _eve("made-up mark in the recipient", f"To: help+{'0' * 52}@example.com"),
    _eve("mark with one digit changed", f"To: help+{MARK[7][:-1]}{'1' if MARK[7][-1] == '0' else '0'}@example.com"),
    _eve("name of one mark, signature of another", body=MARK[7][:20] + MARK[9][20:]),
    _eve("mark of another installation", body=Tokens(b"another secret").mint("the answer in case 7")),
    _eve("In-Reply-To copied from a leaked mail", REPLY, became=NOTED),
    _eve("References copied from a leaked mail", f"References: <a0@x.example> <{FIRST[7]}>", became=NOTED),
    _eve("mark quoted by a stranger", body=f"> [ref:{MARK[7]}]\r\n> your order", became=NOTED),
    _eve("mark in the subject by a stranger", subject=f"Re: Order [ref:{MARK[7]}]", became=NOTED),
    _eve("plus-address with a true mark, by a stranger", f"To: help+{MARK[7]}@example.com", became=NOTED),
    _eve("answer to our answer, forwarded to a stranger", f"In-Reply-To: <{ANSWER[7]}>", became=NOTED),
    _eve(
        "our answer attached",
        "Content-Type: message/rfc822",
        body=f"Message-ID: <{ANSWER[7]}>\r\nSubject: Order\r\n\r\nDear Ann",
        became=NOTED,
    ),
    _eve("her own mark beside Ann's Message-ID", REPLY, f"To: help+{MARK[9]}@example.com", became=IN_9),
    _eve("Ann's mark beside her own Message-ID", f"In-Reply-To: <{FIRST[9]}>", body=MARK[7], became=IN_9),
    # Somebody else's name.
    _eve("display name of Ann", REPLY, author=f'"{ANN}" <{EVE}>', became=NOTED),
    _eve("homoglyph domain", REPLY, author="ann@custоmer.example", became=NOTED),
    _eve("look-alike letters in the local part", REPLY, author="an\u017f@customer.example", became=NOTED),
    _eve("From as a group", REPLY, author=f"friends: {ANN};", became=NOTED),
    _eve("From with two authors", REPLY, author=f"{ANN}, {EVE}", became=NOTED),
    _eve("two From fields", REPLY, f"From: {ANN}", f"from: {EVE}", became=NOTED),
    _eve("encoded word in the address", REPLY, author=f"=?utf-8?q?ann=40customer.example=3E?= <{EVE}>", became=NOTED),
    _eve("address with two @", REPLY, author="ann@customer.example@evil.example", became=NOTED),
    _eve("invisible letter in the address", REPLY, author="ann\u200b@customer.example", became=NOTED),
    _eve("Sender is Ann", REPLY, f"Sender: {ANN}", became=NOTED),
    _eve("Resent-From and Reply-To are Ann", REPLY, f"Resent-From: {ANN}", f"Reply-To: {ANN}", became=NOTED),
    _eve("no From, Reply-To is Ann", REPLY, f"Reply-To: {ANN}", author="", became=NOTED),
    _eve("list that took From over", REPLY, f"X-Original-From: {ANN}", author=f'"Ann via list" <{EVE}>', became=NOTED),
    _eve("our own address as From", REPLY, author="help+x@example.com", became=NOTED),
    # Ann's address, and what the border says of it.
    _as_ann("spoofed From that fails", FAILS_ANN, BORDER, REPLY),
    _as_ann("spoofed From that fails, with a true mark", FAILS_ANN, BORDER, f"To: help+{MARK[7]}@example.com"),
    _as_ann("spoofed From that fails, authserv_id unset", FAILS_ANN, BORDER, REPLY, became=IN_7, is_set=False),  # type: ignore[arg-type]
    _as_ann("spoofed From, nothing said", BORDER, REPLY),
    _as_ann("forged results below the border", BORDER, AS_ANN, REPLY),
    _as_ann("forged results below failing ones", FAILS_ANN, BORDER, AS_ANN, REPLY),
    _as_ann("forged results and a forged hop of ours", BORDER, AS_ANN, FORGED_HOP, REPLY),
    _as_ann("results of another server above", AS_ANN.replace("mx.", "mx.evil."), BORDER, REPLY),
    _as_ann("results whose server's name looks like ours", AS_ANN.replace("mx.example", "mx.exаmple"), BORDER, REPLY),
    _as_ann("results in a comment", "Authentication-Results: mx.example.com; none (; dmarc=pass)", BORDER, REPLY),
    _as_ann("results both ways", FAILS_ANN + "; dmarc=pass header.from=customer.example", BORDER, REPLY),
    _as_ann("another domain passes", AS_EVE, BORDER, REPLY),
    _as_ann("old mark, nothing said", BORDER, f"To: help+{MARK[6]}@example.com", became=NOTED.replace("7", "6")),
    _as_ann("invites herself by Cc, failing", FAILS_ANN, BORDER, REPLY, f"Cc: {EVE}", f"Reply-To: {EVE}"),
    _eve("invites herself by Cc, as a stranger", REPLY, f"Cc: {EVE}, {ANN}", became=NOTED),
    # Message-IDs used again.
    _eve("Ann's Message-ID used again", f"Message-ID: <{FIRST[7]}>", subject="Order 4711 broken"),
    _eve("our answer's Message-ID used", f"Message-ID: <{ANSWER[7]}>"),
    _eve("answers itself", f"Message-ID: <{FIRST[7]}>", f"In-Reply-To: <{FIRST[7]}>"),
    # And these are let in: a table that only refuses would be easy to fulfil.
    _as_ann("(Ann, authenticated)", AS_ANN, BORDER, REPLY, became=IN_7),
    _as_ann("(Bob, whom Ann had on copy)", AS_ANN, BORDER, REPLY, author=BOB, became=IN_7),
    _as_ann("(Ann, nothing said, with the mark of our answer)", BORDER, f"In-Reply-To: <{ANSWER[7]}>", became=IN_7),
    _as_ann("(Ann, authserv_id unset)", BORDER, REPLY, became=IN_7, is_set=False),  # type: ignore[arg-type]
)


def table() -> str:
    """As it stands in docs/conversations.md."""
    rows = (f"| {number} | {one.name} | {one.became} |" for number, one in enumerate(ATTEMPTS, 1))
    return "\n".join(("| | attempt | became |", "|---|---|---|", *rows)) + "\n"


if __name__ == "__main__":
    print(table(), end="")
