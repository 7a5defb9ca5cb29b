"""Samples whose bytes are clearer in code than in a file: legacy encodings, base64, TNEF, much content."""

from __future__ import annotations

import base64
import hashlib
import quopri
from collections.abc import Mapping
from email.header import Header

from worker.demo.samples.tnef import File, Note, winmail_dat

LARGE_BYTES = 5 * 1024 * 1024

_JIS_TEXT = """\
お世話になっております。佐藤です。

昨日から管理画面にログインできません。
「パスワードが正しくありません」と表示されます。
ご確認をお願いいたします。

--
佐藤 花子
"""
_UTF8_TEXT = """\
サポート御中

請求書の宛名を「鈴木商店」から「株式会社鈴木商店」に変更してください。
髙橋が担当しておりましたが、今後は私が担当します。よろしくお願いします。🙇

鈴木 一郎
"""
_GERMAN_TEXT = """\
Guten Tag,

nach der Umstellung heißt unser Straßenname in Ihrer Übersicht "Gro?e G?rtnerstra?e".
Richtig wäre: Große Gärtnerstraße 7, 20359 Hamburg. Können Sie das bitte ändern?

Mit freundlichen Grüßen
Käthe Weiß
"""
_WINMAIL_TEXT = """\
Hello,

the signed contract is attached. Please confirm that it reached you.

Martin Lang
"""
_CONTRACT = b"Contract 2026-77\r\n\r\nBetween Lang Ltd. and Example Inc.\r\nSigned: M. Lang\r\n"


def _mail(fields: Mapping[str, str], body: bytes) -> bytes:
    """Fields and body with CRLF line ends; values are ASCII."""
    header = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return (header.encode("ascii") + b"MIME-Version: 1.0\n\n" + body).replace(b"\n", b"\r\n")


def _text(charset: str, encoding: str) -> dict[str, str]:
    return {"Content-Type": f"text/plain; charset={charset}", "Content-Transfer-Encoding": encoding}


def _word(text: str, charset: str) -> str:
    return Header(text, charset).encode()


def japanese_jis(date: str) -> bytes:
    """7bit, as Japanese mail programs have written for decades."""
    charset = "iso-2022-jp"
    fields = {
        "From": f"{_word('佐藤 花子', charset)} <sato@example.net>",
        "To": "help@example.com",
        "Subject": _word("ログインできません", charset),
        "Date": date,
        "Message-ID": "<login-1@mail.example.net>",
    }
    return _mail({**fields, **_text(charset, "7bit")}, _JIS_TEXT.encode("iso2022_jp"))


def japanese_utf8(date: str) -> bytes:
    """Base64, with a character and an emoji that ISO-2022-JP does not have."""
    fields = {
        "From": f"{_word('鈴木 一郎', 'utf-8')} <suzuki@example.org>",
        "To": f"{_word('サポート', 'utf-8')} <help@example.com>",
        "Subject": _word("請求書の宛名変更のお願い", "utf-8"),
        "Date": date,
        "Message-ID": "<atena-1@mail.example.org>",
    }
    return _mail({**fields, **_text("utf-8", "base64")}, base64.encodebytes(_UTF8_TEXT.encode()))


def german(date: str) -> bytes:
    """Quoted-printable in an 8-bit charset."""
    charset = "iso-8859-1"
    fields = {
        "From": f"{_word('Käthe Weiß', charset)} <k.weiss@example.net>",
        "To": "help@example.com",
        "Subject": _word("Umlaute in der Adresse sind zerstört", charset),
        "Date": date,
        "Message-ID": "<umlaut-1@post.example.net>",
    }
    return _mail({**fields, **_text(charset, "quoted-printable")}, quopri.encodestring(_GERMAN_TEXT.encode("latin-1")))


def winmail(date: str) -> bytes:
    """The attachment and the text once more are inside winmail.dat."""
    note = Note("Signed contract", _WINMAIL_TEXT, (File("contract-2026-77.txt", _CONTRACT),))
    fields = {
        "From": "Martin Lang <m.lang@example.net>",
        "To": "help@example.com",
        "Subject": "Signed contract",
        "Date": date,
        "Message-ID": "<contract-77@exchange.example.net>",
        "X-MS-TNEF-Correlator": "<contract-77@exchange.example.net>",
    }
    return _with_file(fields, _WINMAIL_TEXT, "application/ms-tnef", File("winmail.dat", winmail_dat(note)))


def large(date: str) -> bytes:
    """Five MiB that no compression shortens, the same in every run."""
    fields = {
        "From": "Measuring Lab <lab@example.org>",
        "To": "help@example.com",
        "Subject": "Raw data of the failed measurement",
        "Date": date,
        "Message-ID": "<raw-data-1@lab.example.org>",
    }
    data = hashlib.shake_256(b"raw data of the failed measurement").digest(LARGE_BYTES)
    return _with_file(fields, "The raw data are attached.\n", "application/octet-stream", File("measurement.bin", data))


def _with_file(fields: Mapping[str, str], text: str, content_type: str, file: File) -> bytes:
    boundary = "part-" + hashlib.sha256(file.content).hexdigest()[:12]
    body = (
        f"--{boundary}\nContent-Type: text/plain; charset=us-ascii\n\n{text}\n"
        f'--{boundary}\nContent-Type: {content_type}; name="{file.name}"\nContent-Transfer-Encoding: base64\n'
        f'Content-Disposition: attachment; filename="{file.name}"\n\n'
    )
    content = body.encode("ascii") + base64.encodebytes(file.content) + f"\n--{boundary}--\n".encode()
    return _mail({**fields, "Content-Type": f'multipart/mixed; boundary="{boundary}"'}, content)
