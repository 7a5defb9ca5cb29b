"""What goes wrong with an answer is on record, is never repeated, and costs no case (I5, S1 to S4)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.smtp_sink import SmtpSink
from tests.steps.answering import Scene, mail, scene, settings_of
from worker.ledger import LedgerError
from worker.replies import findings


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("stage", "play", "state", "kept"),
    [
        ("ANSWER", "drop", "unsure", 1),
        ("END", "drop", "unsure", 0),
        ("RCPT", "550 nobody", "failed", 0),
        ("CONNECT", "421 busy", "failed", 0),
        ("CONNECT", "554 not from you", "failed", 0),
        ("RCPT", "451 later", "sent", 1),
    ],
)
def test_s1_to_s4_the_result_is_on_record_and_never_repeated(
    at: Scene, stage: str, play: str, state: str, kept: int
) -> None:
    at.sink.fail(stage, play)  # type: ignore[arg-type]
    assert at.write(mail(), case="C-1").state == state
    assert at.write(mail(), case="C-1").state == state
    assert len(at.sink.messages) == kept


def test_a_server_in_trouble_is_left_alone(at: Scene) -> None:
    at.sink.fail("CONNECT", "421 busy")
    assert at.write(mail()).state == "failed"
    assert "left alone" in at.write(mail(Message_ID="<m2@x.example>")).why
    assert at.sink.commands == []


def test_crash_between_intent_and_result_is_maybe_sent_and_not_repeated(
    at: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker dies (here: of an exception that nobody expects) when the server has the mail."""

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(at.ledger, "end_reply", die)
        with pytest.raises(KeyboardInterrupt):
            at.write(mail())
    assert len(at.sink.messages) == 1
    assert at.write(mail()).state == "sending"
    assert at.ledger.end_lost_replies(after_s=-1) == 1
    answered = at.write(mail())
    assert (answered.state, len(at.sink.messages)) == ("unsure", 1)
    assert "maybe sent, not repeated" in answered.why


def test_a_ledger_that_fails_before_the_intent_means_no_answer(at: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise LedgerError("disk full")

    monkeypatch.setattr(at.ledger, "begin_reply", fail)
    assert at.write(mail()).state == "failed"
    assert at.sink.messages == []


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ case.numbr }}", "case.number"),
        ("{{ nothing }}", "expected_response"),
        ("{% if %}", "line 1"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ subject.upper }}{{ 1/0 }}", "division"),
        ("{% for a in 'x' * 999999 %}{{ a }}{% endfor %}", "characters"),
        ("{% include 'x' %}", "loader"),
    ],
)
def test_a_mistake_in_a_template_is_found_at_the_start_and_costs_the_answer_only(
    tmp_path: Path, template: str, words: str
) -> None:
    file = tmp_path / "bad.txt"
    file.write_text(template)
    with scene(tmp_path, text=str(file)) as at:
        (bad, *_) = findings(settings_of(tmp_path, at.sink, text=str(file)))
        assert words in bad.fact
        assert str(file) in bad.fact
        assert words in at.write(mail()).why
        assert at.sink.messages == []


def test_a_template_that_fails_for_one_mail_suppresses_that_answer(tmp_path: Path) -> None:
    file = tmp_path / "some.txt"
    file.write_text("{{ 1 / (subject != 'zero') }}")
    with scene(tmp_path, text=str(file)) as at:
        assert "division" in at.write(mail(subject="zero")).why
        assert at.write(mail(subject="one")).state == "sent"


def test_a_missing_or_unreadable_template_is_named(tmp_path: Path) -> None:
    sink = SmtpSink().start()
    try:
        (tmp_path / "latin.txt").write_bytes(b"\xff\xfe\xe4")
        for name, words in (("none.txt", "No such file"), ("latin.txt", "UTF-8")):
            found = findings(settings_of(tmp_path, sink, text=str(tmp_path / name)))
            assert words in found[0].fact
        good = findings(settings_of(tmp_path, sink))
        assert [one.severity.value for one in good] == ["ok", "ok"]
        assert "en, ja" in good[0].fact
    finally:
        sink.stop()


def test_a_ledger_that_fails_after_the_sending_means_no_second_answer(
    at: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LedgerError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(at.ledger, "end_reply", fail)
        answered = at.write(mail())
    assert (answered.state, "disk full" in answered.why) == ("sent", True)
    assert at.write(mail()).state == "sending"
    assert len(at.sink.messages) == 1
