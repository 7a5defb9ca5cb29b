"""The sample mails: as odd as they say, and the same every time."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime

import pytest
from tnefparse import TNEF

from worker.demo.samples import Sample, samples

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MAILS = samples(NOW)
BY_NAME = {sample.name: message_from_bytes(sample.raw) for sample in MAILS}


def text_of(mail: Message) -> str:
    part = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode(str(part.get_content_charset()))


def subject_of(name: str) -> str:
    return str(make_header(decode_header(BY_NAME[name]["Subject"])))


def test_there_are_enough_and_each_has_its_own_name() -> None:
    assert len(MAILS) >= 14
    assert len(BY_NAME) == len({sample.what for sample in MAILS}) == len(MAILS)


def test_same_moment_same_bytes() -> None:
    assert samples(NOW) == MAILS
    assert samples()[0].raw != MAILS[0].raw


@pytest.mark.parametrize("sample", MAILS, ids=lambda sample: sample.name)
def test_each_is_read_by_the_standard_parser_and_came_through_the_border(sample: Sample) -> None:
    mail = message_from_bytes(sample.raw)
    names = mail.keys()[:4]
    assert names == ["Return-Path", "X-Original-To", "Delivered-To", "Received"]
    assert mail["X-Original-To"] in ("help@example.com", "billing@example.com")
    assert "by mx.example.com" in mail["Received"]
    assert b"\n" not in sample.raw.replace(b"\r\n", b"")
    assert b"@DATE@" not in sample.raw
    assert b"@DAY@" not in sample.raw
    assert list(mail.walk())
    if sample.name != "broken":
        assert not mail.defects
        assert 0 < (NOW - parsedate_to_datetime(mail["Date"])).total_seconds() < 3 * 3600


def test_languages_and_encodings() -> None:
    assert subject_of("japanese-jis") == "ログインできません"
    assert "佐藤 花子" in text_of(BY_NAME["japanese-jis"])
    assert all(byte < 128 for byte in BY_NAME["japanese-jis"].as_bytes())
    assert "髙橋" in text_of(BY_NAME["japanese-utf8"])
    assert subject_of("german") == "Umlaute in der Adresse sind zerstört"
    assert "Große Gärtnerstraße" in text_of(BY_NAME["german"])
    assert "Hélène" in text_of(BY_NAME["french-question"])


def test_the_follow_up_points_at_the_question_and_quotes_it() -> None:
    question, reply = BY_NAME["french-question"], BY_NAME["french-followup"]
    assert reply["In-Reply-To"] == reply["References"] == question["Message-ID"]
    assert "> ma commande n° 7731" in text_of(reply)


def test_machines_say_what_they_are() -> None:
    assert BY_NAME["bounce"].get_content_type() == "multipart/report"
    assert BY_NAME["bounce"]["Return-Path"] == BY_NAME["auto-reply"]["Return-Path"] == "<>"
    assert BY_NAME["auto-reply"]["Auto-Submitted"] == "auto-replied"
    assert BY_NAME["list"]["List-Id"]
    assert BY_NAME["spam"]["X-Spam-Flag"] == "YES"


def test_winmail_holds_text_and_file() -> None:
    part = next(part for part in BY_NAME["winmail"].walk() if part.get_content_type() == "application/ms-tnef")
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    unpacked = TNEF(payload, do_checksum=True)
    assert all(piece.good_checksum for piece in unpacked.objects)
    assert b"signed contract is attached" in unpacked.body
    assert [(file.long_filename(), file.data[:16]) for file in unpacked.attachments] == [
        ("contract-2026-77.txt", b"Contract 2026-77")
    ]


def test_image_inside_and_large_attachment() -> None:
    parts = {part.get_content_type(): part for part in BY_NAME["inline-image"].walk()}
    image = parts["image/png"]
    assert f"cid:{image['Content-ID'].strip('<>')}" in str(parts["text/html"].get_payload())
    assert bytes(image.get_payload(decode=True)).startswith(b"\x89PNG\r\n\x1a\n")
    large = next(part for part in BY_NAME["large"].walk() if part.get_filename() == "measurement.bin")
    assert len(bytes(large.get_payload(decode=True))) == 5 * 1024 * 1024


def test_broken_and_bare_mails_are_so() -> None:
    broken = BY_NAME["broken"]
    assert not [sample for sample in MAILS if b"--never-closed--" in sample.raw]
    with pytest.raises(LookupError):
        text_of(broken)
    assert BY_NAME["anonymous"]["From"] is None
    assert BY_NAME["anonymous"]["Subject"] == ""


def test_the_two_doors_differ_in_the_border_only() -> None:
    one, other = BY_NAME["two-doors-help"], BY_NAME["two-doors-billing"]
    assert one["Message-ID"] == other["Message-ID"]
    assert one.get_payload() == other.get_payload()
    assert (one["X-Original-To"], other["X-Original-To"]) == ("help@example.com", "billing@example.com")
    assert BY_NAME["vip"]["X-Original-To"] == "billing@example.com"
    assert "[VIP]" in BY_NAME["vip"]["Subject"]
