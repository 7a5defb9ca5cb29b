"""Japanese mail in the shapes that it comes in; docs/japanese.md lists them by the names used here."""

from __future__ import annotations

import base64
import quopri
from pathlib import Path

import pytest

from tests.steps.letters import multipart, read
from worker.classify import Kind, classify

TEXT = "注文した商品がまだ届きません。ご確認をお願いします。"
TO = b"To: help@example.com\r\nMessage-ID: <m1@example.jp>\r\n"
HEAD = b"From: taro@example.jp\r\n" + TO
PAGE = Path(__file__).parents[2] / "docs" / "japanese.md"


def body(octets: bytes, charset: str = "", encoding: str = "7bit", kind: str = "text/plain") -> bytes:
    """A mail with one text, its octets already in their charset."""
    label = f"; charset={charset}" if charset else ""
    coded = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}.get(encoding, bytes)(octets)
    field = f"Content-Type: {kind}{label}\r\nContent-Transfer-Encoding: {encoding}\r\n"
    return HEAD + b"Subject: x\r\n" + field.encode() + b"\r\n" + coded


def subject(raw: bytes) -> bytes:
    return HEAD + b"Subject: " + raw + b"\r\n\r\nx"


def author(raw: bytes) -> bytes:
    return b"From: " + raw + b"\r\n" + TO + b"\r\nx"


def file(disposition: bytes) -> bytes:
    return multipart(
        b"\r\nx", b"Content-Type: application/pdf\r\nContent-Disposition: " + disposition + b"\r\n\r\n%PDF", header=HEAD
    )


def word(text: str, charset: str) -> bytes:
    return b"=?%s?B?%s?=" % (charset.encode(), base64.b64encode(text.encode(charset)))


def _text(mail: bytes) -> str:
    return read(mail).text


def _subject(mail: bytes) -> str:
    return read(mail).subject


def _author(mail: bytes) -> str:
    return f"{read(mail).author.name} <{read(mail).author.address}>"


def _file(mail: bytes) -> str:
    return read(mail).attachments[0].name


JIS = TEXT.encode("iso2022_jp")
LONG = "日本語の長い件名です"
UTF8_LONG = LONG.encode()

# name: (mail, what of it is looked at, what a person would read)
SHAPES = {
    "iso-2022-jp in 7bit": (body(JIS, "iso-2022-jp"), _text, TEXT),
    "iso-2022-jp that says 8bit": (body(JIS, "ISO-2022-JP", "8bit"), _text, TEXT),
    "iso-2022-jp in quoted-printable": (body(JIS, "iso-2022-jp", "quoted-printable"), _text, TEXT),
    "iso-2022-jp in base64": (body(JIS, "iso-2022-jp", "base64"), _text, TEXT),
    "iso-2022-jp without a label": (body(JIS), _text, TEXT),
    "iso-2022-jp labelled us-ascii": (body(JIS, "us-ascii"), _text, TEXT),
    "iso-2022-jp labelled utf-8": (body(JIS, "utf-8"), _text, TEXT),
    "half-width kana by their own escape": (body(b"\x1b(I1CR\x1b(B end", "iso-2022-jp"), _text, "ｱﾃﾒ end"),
    "circled digits (NEC row 13)": (body(b"\x1b$B-!-j\x1b(B", "iso-2022-jp"), _text, "①㈱"),
    "the ladder 髙 in shift_jis": (
        body("髙橋様、﨑山様".encode("cp932"), "shift_jis", "8bit"),
        _text,
        "髙橋様、﨑山様",
    ),
    "the wave ～ in shift_jis": (body("10～12時".encode("cp932"), "shift_jis", "8bit"), _text, "10～12時"),
    "circled digits in shift_jis": (body("①番の㈱山田".encode("cp932"), "Shift_JIS", "8bit"), _text, "①番の㈱山田"),
    "shift_jis in base64": (body(TEXT.encode("cp932"), "x-sjis", "base64"), _text, TEXT),
    "windows-31j by name": (body(TEXT.encode("cp932"), "Windows-31J", "8bit"), _text, TEXT),
    "euc-jp": (body(TEXT.encode("euc_jp"), "euc-jp", "8bit"), _text, TEXT),
    "circled digits in euc-jp": (body(b"\xad\xa1\xc8\xd6", "euc-jp", "8bit"), _text, "①番"),
    "JIS X 0213": (body("鷗外の本".encode("iso2022_jp_2004"), "iso-2022-jp-3"), _text, "鷗外の本"),
    "utf-8": (body(TEXT.encode(), "utf-8", "8bit"), _text, TEXT),
    "utf-8 labelled iso-2022-jp": (body(TEXT.encode(), "iso-2022-jp", "8bit"), _text, TEXT),
    "utf-8 labelled shift_jis": (body(TEXT.encode(), "shift_jis", "8bit"), _text, TEXT),
    "shift_jis without a label": (body(TEXT.encode("cp932"), "", "8bit"), _text, TEXT),
    "euc-jp without a label": (body(TEXT.encode("euc_jp"), "", "8bit"), _text, TEXT),
    "shift_jis labelled utf-8": (body(TEXT.encode("cp932"), "utf-8", "8bit"), _text, TEXT),
    "shift_jis told by the page alone": (
        body(f'<meta charset="Shift_JIS"><p>{TEXT}</p>'.encode("cp932"), "", "8bit", "text/html"),
        _text,
        TEXT,
    ),
    "format=flowed with DelSp": (
        body("注文した商品が \nまだ届きません。".encode(), "utf-8; format=flowed; delsp=yes", "8bit"),
        _text,
        "注文した商品がまだ届きません。",
    ),
    "subject in iso-2022-jp words": (
        subject(word("配送", "iso-2022-jp") + b"\r\n " + word("について", "iso-2022-jp")),
        _subject,
        "配送について",
    ),
    "subject cut within a character": (
        subject(
            b"=?utf-8?B?%s?=\r\n =?utf-8?B?%s?=" % (base64.b64encode(UTF8_LONG[:10]), base64.b64encode(UTF8_LONG[10:]))
        ),
        _subject,
        LONG,
    ),
    "subject whose second word goes on in kanji": (
        subject(
            b"=?iso-2022-jp?B?%s?= =?iso-2022-jp?B?%s?="
            % (base64.b64encode(b"\x1b$BG[Aw"), base64.b64encode(b"3NG'\x1b(B"))
        ),
        _subject,
        "配送確認",
    ),
    "subject in raw iso-2022-jp": (subject("配送について".encode("iso2022_jp")), _subject, "配送について"),
    "subject in raw shift_jis": (subject("配送についてのお願い".encode("cp932")), _subject, "配送についてのお願い"),
    "subject in raw utf-8": (subject("配送について".encode()), _subject, "配送について"),
    "name in words within quotes": (
        author(b'"' + word("山田 太郎", "iso-2022-jp") + b'" <taro@example.jp>'),
        _author,
        "山田 太郎 <taro@example.jp>",
    ),
    "name in raw iso-2022-jp": (
        author("山田".encode("iso2022_jp") + b" <taro@example.jp>"),
        _author,
        "山田 <taro@example.jp>",
    ),
    "carrier's address with dots where none may be": (
        author(b"taro..yamada.@docomo.example"),
        _author,
        " <taro..yamada.@docomo.example>",
    ),
    "file name by RFC 2231 in pieces": (
        file(b"attachment; filename*0*=utf-8''%E8%AB%8B%E6%B1%82; filename*1*=%E6%9B%B8.pdf"),
        _file,
        "請求書.pdf",
    ),
    "file name by RFC 2231 in shift_jis": (
        file(b"attachment; filename*=shift_jis''%90%BF%8B%81%8F%91.pdf"),
        _file,
        "請求書.pdf",
    ),
    "file name in words within quotes": (
        file(b'attachment; filename="' + word("請求書.pdf", "iso-2022-jp") + b'"'),
        _file,
        "請求書.pdf",
    ),
    "file name in raw shift_jis": (
        file(b'attachment; filename="' + "お見積書について.pdf".encode("cp932") + b'"'),
        _file,
        "お見積書について.pdf",
    ),
    "automatic answer by its subject": (
        subject(word("自動返信: 出張中", "utf-8")),
        lambda mail: classify(read(mail)).kind,
        Kind.AUTO_REPLY,
    ),
    "bounce of a carrier": (
        b"From: Postmaster@docomo.example\r\nTo: help@example.com\r\nSubject: "
        + word("宛先不明", "iso-2022-jp")
        + b"\r\n\r\nUnknown user: gone@docomo.example",
        lambda mail: classify(read(mail)).bounce_recipients,
        ("gone@docomo.example",),
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_japanese(name):
    mail, look, meant = SHAPES[name]
    assert look(mail) == meant


def test_the_page_lists_every_shape():
    listed = [line.split("|")[1].strip() for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    assert listed[1:] == list(SHAPES)
