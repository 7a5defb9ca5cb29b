"""The pieces that reading is made of, each by itself."""

from __future__ import annotations

import base64
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.letters import HEADER, read, source
from worker.message import skeleton
from worker.message.reading import parse
from worker.parsing import charset, words
from worker.parsing.html import html_to_text
from worker.parsing.names import MAX_NAME_BYTES, safe_name
from worker.parsing.params import media_type, split_params
from worker.parsing.reply import new_part
from worker.parsing.sanitise import sanitised
from worker.parsing.text import clean, one_line
from worker.parsing.tnef import unpack


@pytest.mark.parametrize("payload", ["A", "AAAAA", "AAAA=AAAAA", "!A!", "=", "====", "A=====", "QUJD!R=R!E=x"])
def test_broken_base64_in_an_encoded_word_is_read_as_far_as_it_goes(payload):
    """H20: whatever stands in a field, its mail is still told by its header."""
    message = read(b"From: a@example.com\r\nSubject: x =?utf-8?b?" + payload.encode() + b"?= y\r\n\r\nhello")
    assert message.error is None
    assert message.text == "hello"


@pytest.mark.parametrize("label", charset.CODECS)
def test_every_listed_charset_exists(label):
    assert "a".encode(charset.CODECS[label]).decode(charset.CODECS[label]) == "a"


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF8", "utf-8"),
        ('"ISO-8859-1"', "cp1252"),
        ("iso8859_15", "iso8859-15"),
        ("cp-850", "cp850"),
        ("windows-1251", "cp1251"),
        ("utf-8*en", "utf-8"),
        *(
            (label, None)
            for label in ("idna", "zlib", "unicode_escape", "rot13", "undefined", "", "x" * 10_000, "utf-8\0")
        ),
    ],
)
def test_labels_come_from_a_list(label, codec):
    """H8: a stranger's word never chooses a codec."""
    assert charset.codec_of(label) == codec


@given(st.binary(max_size=200), st.sampled_from([*charset.CODECS, "", "nonsense"]))
def test_any_octets_have_a_text(octets, label):
    codec, settled, _ = charset.settle(octets, label)
    settled.decode(codec)
    charset.decode(octets, label)


def test_short_japanese_without_a_label_is_found_by_its_kana():
    text = "こんにちは。テストです。"
    assert charset.guess(text.encode("cp932")) == text
    assert charset.guess(text.encode("euc_jp")) == text


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("=?utf-8?q?a_b?=", "a b"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b"),
        ("=?utf-8?Q?with space?=", "with space"),
        ("=?utf-8?q?never closed", "=?utf-8?q?never closed"),
        ("=?utf-8?q?open =?utf-8?q?b?=", "=?utf-8?q?open b"),
        ("=?utf-8?b?4pi?= =?utf-8?b?Dw==?=", "☃"),
        ("=?iso-8859-1?Q?Fr\u00f6sche?=", "Frösche"),
        ("=?nonsense?q?abc?=", "abc"),
        ("a=?b", "a=?b"),
    ],
)
def test_encoded_words(written, meant):
    assert words.decode_words(written) == meant


@given(st.text(max_size=200))
def test_any_text_can_be_looked_at_for_encoded_words(text):
    words.decode_words(text)
    assert words.decode_words(words.reencode_words(text)) is not None


@pytest.mark.parametrize(
    ("value", "params"),
    [
        ('attachment; filename="a;b.txt"', {"filename": "a;b.txt"}),
        ("attachment; filename=a b.txt", {"filename": "a b.txt"}),
        ("attachment; filename*=iso-8859-1'de'Gr%FC%DFe.txt", {"filename": "Grüße.txt"}),
        ("attachment; filename*0=a; filename*1=b; filename*3=d", {"filename": "ab"}),
        ('attachment; filename="=?utf-8?q?=C3=84.txt?="', {"filename": "Ä.txt"}),
        ("attachment; filename=", {"filename": ""}),
        ("attachment; filename*999999=x", {"filename": ""}),
    ],
)
def test_parameters(value, params):
    """H7: gaps in RFC 2231 continuations end the value."""
    assert split_params(value)[1] == params


def test_forgotten_semicolon_after_the_type():
    assert media_type("multipart/mixed boundary=b", "text/plain") == ("multipart/mixed", {"boundary": "b"})


@given(st.text(max_size=300))
def test_a_name_is_always_a_label(text):
    """H37."""
    name = safe_name(text, "application/pdf", 3)
    assert name
    assert Path(name).name == name
    assert "\\" not in name
    assert len(name.encode()) <= MAX_NAME_BYTES + 1


@given(st.text(max_size=200))
def test_clean_text_is_clean(text):
    """H17, H25."""
    for result in (clean(text), one_line(text)):
        result.encode("utf-8")
        assert clean(result) == result
    assert len(one_line(text).splitlines()) <= 1


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("a<br>b", "a\nb"),
        ("<div>a</div>b", "a\nb"),
        ("<ul><li>a<li>b</ul>", "- a\n- b"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>", "> a\n>\n> > b"),
        ("<head><title>t</title></head><style>s</style><script>x</script>y", "y"),
        ("a <b>b</b>c  d", "a bc d"),
        ("&lt;b&gt; &eacute;", "<b> é"),
        ('x<span style="DISPLAY : none">y</span>', "x"),
    ],
)
def test_html_to_text(html, text):
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        '<a href="javascript:alert(1)">x</a>',
        '<p onclick="x()">x</p>',
        "<iframe src=x></iframe>",
        '<img src="https://track.example/x.gif">',
        '<p style="background:url(https://track.example)">x</p>',
        '<table background="https://track.example/x.gif"><tr><td>x</table>',
        "<svg><script>alert(1)</script></svg>",
        '<form action="https://evil.example"><input name=password></form>',
        '<meta http-equiv=refresh content="0;url=https://evil.example">',
        '<img src="cid:x"><img srcset="https://track.example/x 2x" src="data:image/svg+xml,x">',
    ],
)
def test_nothing_runs_or_loads(html):
    """H32, H34."""
    result = sanitised(html)
    for word in ("script", "onclick", "iframe", "track.example", "style", "form", "meta", "svg", "evil.example"):
        assert word not in result


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("a\n\n> b", "a"),
        ("> b", "> b"),
        ("a\n-- \nAnn", "a"),
        ("a\n\nSent from my iPhone", "a"),
        ("a\n-----Original Message-----\nb", "a"),
        ("a\n\nFrom: x\nSent: y\nTo: z\n\nb", "a"),
        ("a\n\nAnn Example wrote:\n> b\n\nc", "a\n\n\nc"),
        ("---------- Forwarded message ---------\nFrom: x\nDate: y\nSubject: z\n\nthe point", "the point"),
        ("Here is the list:\n> one", "Here is the list:"),
        ("He said to me: yes\nand: no", "He said to me: yes\nand: no"),
        ("## Please type your reply above this line ##\nold", "## Please type your reply above this line ##\nold"),
    ],
)
def test_new_part(text, new):
    assert new_part(text) == new


@given(st.binary(max_size=300))
def test_damaged_winmail_dat_is_left_alone(octets):
    """H12."""
    unpack(b"\x78\x9f\x3e\x22\x01\x00" + octets)


def test_libraries_do_not_log_what_strangers_write(caplog):
    with caplog.at_level(logging.DEBUG):
        read(HEADER + b"X-Bad: =?shift_jis?b?gg==?= secret-word\r\nDate: secret-word\r\n\r\nx")
    assert "secret-word" not in caplog.text


def test_a_failing_library_gives_the_mail_by_its_header(monkeypatch):
    """P8: whatever is raised, there is a message, with the same identity and the mail itself attached."""
    mail = HEADER + b"\r\n" + base64.b64encode(b"body")
    expected = read(mail)

    def fail(*_):
        raise RecursionError("too deep")

    monkeypatch.setattr(skeleton, "_message", fail)
    message = parse(source(mail))
    assert message.error == "RecursionError: too deep"
    assert message.identity == expected.identity
    assert (message.author, message.subject, message.sent_at) == (expected.author, "Order", expected.sent_at)
    assert message.attachments[0].content == mail


def test_d3_a_spool_file_that_is_gone_is_not_the_mails_fault(tmp_path):
    gone = tmp_path / "mail"
    gone.write_bytes(HEADER + b"\r\nx")
    lost = source(gone)
    gone.unlink()
    with pytest.raises(FileNotFoundError):
        parse(lost)
