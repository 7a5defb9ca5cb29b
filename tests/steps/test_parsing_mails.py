"""Every oddity of tests/mail, read as a person would read it."""

from __future__ import annotations

import hashlib

import pytest

from connectors.contract import Person
from tests.steps.letters import MAILS, read_named

JAPANESE = "注文した商品がまだ届きません。ご確認をお願いします。"
ANN = Person("Ann", "ann@example.com")


@pytest.mark.parametrize("path", sorted(MAILS.glob("*.eml")), ids=lambda path: path.stem)
def test_every_mail_gives_a_message_that_any_database_takes(path):
    """H17: no control characters but tab and line feed, no lone surrogates, in any text."""
    message = read_named(path.stem)
    texts = [message.text, message.html, message.reply_text, message.subject, message.author.name]
    texts += [value for field in message.headers for value in field]
    texts += [attachment.name for attachment in message.attachments]
    for text in texts:
        text.encode("utf-8")
        assert not [c for c in text if (ord(c) < 32 and c not in "\t\n") or 127 <= ord(c) < 160]
    assert "\n" not in message.subject
    assert len(message.identity) == 64


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("iso_2022_jp_7bit", JAPANESE),
        ("iso_2022_jp_quoted_printable", JAPANESE),
        ("iso_2022_jp_half_width_kana", "①㈱ ｱｲ end"),
        ("shift_jis_carries_cp932", "①番の㈱山田商店です。"),
        ("gb2312_carries_gb18030", "朱镕基的订单"),
        ("ks_c_5601_carries_cp949", "똠방각하 주문"),
        ("latin1_carries_windows_1252", "It’s “urgent” – 5 €"),
        ("charset_unknown", "Grüße aus Köln"),
        ("charset_dangerous", "plain \\x41 text"),
        ("attached_message", "outer text"),
        ("boundary_folded", "first"),
        ("boundary_is_prefix_of_another", "plain"),
        ("boundary_missing", "just text after all"),
        ("boundary_not_closed", "hello"),
        ("control_characters", "onetwo[31mred\nthree\nfour"),
        ("line_ends_bare_cr", "line one\nline two"),
        ("line_ends_bare_lf", "hello"),
        ("html_only", "Dear team,\n\n- one\n- two\n\n> old"),
        ("html_with_plain_footer", "The real text\n\n-- \nlist footer"),
        ("empty", ""),
    ],
)
def test_text(name, text):
    assert read_named(name).text == text


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("iso_2022_jp_7bit", "配送について"),
        ("header_raw_utf8", "Größe falsch"),
        ("header_raw_windows_1252", "Größe"),
        ("encoded_words_split_within_character", "日本語の件名です"),
        ("encoded_word_with_line_breaks", "Hello Bcc: victim@example.com"),
        ("control_characters", "abc"),
        ("from_twice", "a"),
        ("mbox_line_first", "mbox"),
    ],
)
def test_subject(name, subject):
    """H24: a line break that was encoded is none afterwards."""
    assert read_named(name).subject == subject


@pytest.mark.parametrize(
    ("name", "author"),
    [
        ("header_raw_utf8", Person("Jürgen Groß", "jg@example.com")),
        ("header_raw_windows_1252", Person("Jürgen", "jg@example.com")),
        ("encoded_word_in_quotes", Person("Müller, Ann", "ann@example.com")),
        ("from_missing", Person("Bob", "bob@example.com")),
        ("from_and_reply_to_missing", Person("", "")),
        ("from_twice", Person("", "ann@example.com")),
        ("from_holds_two_addresses", Person("", "")),
        ("from_name_is_another_address", Person("ceo@corp.example", "bob@evil.example")),
        ("attached_message", ANN),
    ],
)
def test_author(name, author):
    """M25, H39, H56: never an address that the field only pretends to hold."""
    assert read_named(name).author == author


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("names_missing", ["part-1.pdf", "part-2.png"]),
        ("names_rfc2231", ["請求書.pdf"]),
        ("names_hostile", ["passwd", "x.exe", "_CON.txt", "_.htaccess", "invoicefdp.exe", "a" * 146 + ".pdf"]),
        ("attached_message", ["Inner secret.eml"]),
        ("boundary_folded", ["a.csv"]),
        ("boundary_not_closed", ["cut.pdf"]),
        ("parts_after_closing_boundary", ["late.csv"]),
        ("boundary_is_prefix_of_another", ["part-1.png"]),
        ("line_ends_bare_lf", ["a.csv"]),
        ("winmail_dat", ["report.txt"]),
        ("winmail_dat_damaged", ["winmail.dat"]),
        ("calendar_reply", ["part-1.ics"]),
    ],
)
def test_file_names(name, files):
    """H37, H38: a name is a label; without one it follows from the type and the place, every time the same."""
    assert [attachment.name for attachment in read_named(name).attachments] == files


def test_attachment_carries_its_bytes_and_their_digest():
    (found,) = read_named("base64_with_garbage").attachments
    assert found.content == b"%PDF-1.4\n"
    assert found.sha256 == hashlib.sha256(b"%PDF-1.4\n").hexdigest()
    assert found.size_bytes == 9


def test_octets_that_a_decoder_left_out_are_noted():
    assert any("no base64" in defect for defect in read_named("base64_with_garbage").defects)


def test_attached_message_is_kept_whole_and_stays_out_of_the_text():
    message = read_named("attached_message")
    (attached,) = message.attachments
    assert attached.content_type == "message/rfc822"
    assert attached.open().read().startswith(b"From: Eve")
    assert "inner" not in message.text + message.subject
    assert message.message_id == "m1@example.com"


def test_inline_image_is_shown_and_the_tracking_image_is_not():
    """H32, H34."""
    message = read_named("inline_image")
    (logo,) = message.attachments
    assert (logo.inline, logo.content_id) == (True, "logo@x")
    assert "cid:logo@x" in message.html
    assert "track.example" not in message.html
    assert "script" not in message.html
    assert message.text == "See"


def test_unpacked_winmail_dat_says_so():
    message = read_named("winmail_dat")
    assert message.unpacked_tnef
    assert message.attachments[0].content == b"inside winmail"
    assert not read_named("winmail_dat_damaged").unpacked_tnef


def test_placeholders_are_no_message_ids():
    """H44, M23."""
    message = read_named("message_id_placeholder")
    assert (message.message_id, message.in_reply_to, message.references) == ("", (), ("ok@example.com",))


def test_absurd_date_is_no_date():
    """H16."""
    assert read_named("date_absurd").sent_at is None


def test_doubled_fields_are_noted_and_recipients_joined():
    """H39."""
    message = read_named("from_twice")
    assert "the field From is there more than once" in message.defects
    assert [person.address for person in message.to] == ["x@example.com", "y@example.com"]
    assert message.headers_named("FROM") == ("ann@example.com", "eve@example.org")


def test_delivery_status_has_one_mapping_a_recipient():
    (status,) = read_named("bounce_dsn").delivery_status
    assert status["final-recipient"] == "rfc822; gone@example.net"
    assert status["reporting-mta"] == "dns; mx.example.net"


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("reply_gmail_en", "Thanks, it works now."),
        ("reply_outlook_de", "Danke, erledigt."),
        ("reply_fr", "Merci beaucoup."),
        ("reply_ja", "ありがとうございます。"),
        ("reply_interleaved", "> Which model?\nThe X200.\n> Which colour?\nBlue."),
        ("reply_keeps_own_sentence", "On Monday my boss wrote:\nplease cancel the order.\n\nCan you do that?"),
        ("html_only", "Dear team,\n\n- one\n- two"),
    ],
)
def test_new_part_of_a_reply(name, reply):
    assert read_named(name).reply_text == reply
