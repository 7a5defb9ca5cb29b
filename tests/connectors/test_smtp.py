"""Submitting one message: it arrives as it is, and every fault is told as what it is (S1 to S3, H26)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import AuthFailed, ConnectorError, InDoubt, Rejected, Retryable, Throttled, Unusable
from connectors.smtp import Server, Submission, probe, submit
from connectors.smtp.content import in_lines, pieces, stuffed
from tests.fakes.smtp_sink import SmtpSink, Stage

MAIL = b"From: ann@example.com\r\nSubject: x\r\n\r\nHello\r\n"


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    made = SmtpSink().start()
    yield made
    made.stop()


def sent(content: bytes | Path = MAIL, **changes: object) -> Submission:
    given: dict[str, object] = {
        "sender": "help@ours.example",
        "recipients": ("crm@crm.example",),
        "content": content,
    }
    return Submission(**{**given, **changes})  # type: ignore[arg-type]


def server(sink: SmtpSink, **changes: object) -> Server:
    return replace(Server.at(sink.url, password=sink.password), timeout_s=5.0, **changes)  # type: ignore[arg-type]


def test_a_message_arrives_with_sender_and_recipients_apart(sink: SmtpSink) -> None:
    submit(server(sink), sent(recipients=("a@x.example", "b@müller.example")))
    (got,) = sink.messages
    assert (got.sender, got.recipients) == ("help@ours.example", ("a@x.example", "b@xn--mller-kva.example"))
    assert got.content == MAIL
    submit(server(sink), sent(sender=""))
    assert sink.messages[1].sender == ""


def test_a_file_is_streamed_behind_lines_of_ours(sink: SmtpSink, tmp_path: Path) -> None:
    file = tmp_path / "mail"
    body = MAIL + b"".join(b".%d\r\n" % number for number in range(100_000))
    file.write_bytes(b"From x\n" + body)
    submit(server(sink), sent(file, head=b"Resent-To: x\r\n", skip_bytes=7))
    assert sink.messages[0].content == b"Resent-To: x\r\n" + body


@pytest.mark.parametrize(
    "text", [b".\r\n", b"a\r\n.\r\nMAIL FROM:<evil@x>\r\n", b"a\n.\nRCPT TO:<v@x>\n", b"a\r.\rb", b"\n.\r\nx\r\n", b""]
)
def test_h26_one_message_never_becomes_two(sink: SmtpSink, text: bytes) -> None:
    submit(server(sink), sent(MAIL + text))
    (got,) = sink.messages
    assert got.content == re.sub(rb"\r\n|\r|\n", b"\r\n", MAIL + text) + (b"" if text[-1:] in (b"", b"\n") else b"\r\n")
    assert len(sink.commands) == 3


@given(st.lists(st.binary(max_size=6).map(lambda one: one.translate(bytes.maketrans(b"\x00\x01\x02", b"\r\n.")))))
def test_h26_pieces_may_be_cut_anywhere(parts: list[bytes]) -> None:
    """Dots and line ends come out the same, wherever a piece ends."""
    whole = re.sub(rb"\r\n|\r|\n", b"\r\n", b"".join(parts))
    whole += b"" if whole.endswith(b"\r\n") else b"\r\n"
    assert b"".join(in_lines(iter(parts))) == whole
    assert b"".join(stuffed(in_lines(iter(parts)))) == re.sub(rb"(?m)^\.", b"..", whole)


def test_pieces_start_after_what_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"0123456789")
    for content in (b"0123456789", tmp_path / "f"):
        assert b"".join(pieces(b"x", content, 4)) == b"x456789"


TABLE: list[tuple[Stage, str, type[ConnectorError]]] = [
    ("CONNECT", "421 too many connections", Throttled),
    ("CONNECT", "450 not now", Throttled),
    ("CONNECT", "554 no service for you", Unusable),
    ("CONNECT", "drop", Throttled),
    ("EHLO", "502 what", Unusable),
    ("EHLO", "drop", Throttled),
    ("MAIL", "421 shutting down", Throttled),
    ("MAIL", "451 later", Retryable),
    ("MAIL", "452 disk full", Retryable),
    ("MAIL", "530 log in first", AuthFailed),
    ("MAIL", "552 too big", Rejected),
    ("MAIL", "drop", Retryable),
    ("MAIL", "rubbish", Retryable),
    ("RCPT", "450 greylisted", Retryable),
    ("RCPT", "550 nobody here", Rejected),
    ("RCPT", "drop", Retryable),
    ("DATA", "451 later", Retryable),
    ("DATA", "554 no", Rejected),
    ("DATA", "250 eh?", Retryable),
    ("DATA", "drop", Retryable),
    ("BODY", "drop", Retryable),
    ("END", "451 later", Retryable),
    ("END", "421 going down", Throttled),
    ("END", "554 spam", Rejected),
    ("END", "drop", InDoubt),
    ("ANSWER", "drop", InDoubt),
    ("ANSWER", "what?", InDoubt),
    ("ANSWER", "399 eh?", InDoubt),
]


@pytest.mark.parametrize(("stage", "play", "error"), TABLE)
def test_s1_s2_s3_each_fault_is_told_as_what_it_is(
    sink: SmtpSink, stage: Stage, play: str, error: type[ConnectorError]
) -> None:
    sink.fail(stage, play)
    with pytest.raises(ConnectorError) as caught:
        # Large enough that the server can hang up before the end has left.
        submit(server(sink), sent(MAIL + b"x" * 8_000_000 if stage == "BODY" else MAIL))
    assert type(caught.value) is error
    assert len(sink.messages) == (stage == "ANSWER")
    submit(server(sink), sent())
    assert len(sink.messages) == 1 + (stage == "ANSWER")


@pytest.mark.parametrize(("stage", "error"), [("CONNECT", Throttled), ("RCPT", Retryable), ("ANSWER", InDoubt)])
def test_the_whole_submission_has_one_clock(sink: SmtpSink, stage: Stage, error: type[ConnectorError]) -> None:
    sink.fail(stage, "silent")
    began = time.monotonic()
    with pytest.raises(error):
        submit(replace(server(sink), timeout_s=1.0), sent())
    assert time.monotonic() - began < 5


def test_one_refused_recipient_and_nobody_gets_it(sink: SmtpSink) -> None:
    sink.fail("RCPT", "250 fine")
    sink.fail("RCPT", "550 nobody here")
    with pytest.raises(Rejected, match="recipient 2"):
        submit(server(sink), sent(recipients=("a@x.example", "b@x.example")))
    assert sink.messages == []


def test_nobody_listens() -> None:
    with pytest.raises(Throttled, match="refused"):
        submit(Server(host="127.0.0.1", port=1, security="plaintext"), sent())


def test_probing_sends_nothing(sink: SmtpSink) -> None:
    probe(server(sink))
    probe(server(sink), "help@ours.example", ("crm@crm.example",))
    sink.fail("RCPT", "550 nobody here")
    with pytest.raises(Rejected):
        probe(server(sink), "help@ours.example", ("crm@crm.example",))
    assert sink.messages == []
