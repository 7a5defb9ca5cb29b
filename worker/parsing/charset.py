"""Octets to text when the label lies: an allow-list of charsets, and the repairs that mail in the wild needs.

The labels follow the WHATWG Encoding Standard, which says what mailers mean and not what they write (iso-8859-1 is
windows-1252, gb2312 is gb18030 …). A label from a mail never reaches ``codecs.lookup`` unless it is in the list.
"""

from __future__ import annotations

import re

from worker.parsing.scoring import SURE, best

_GROUPS = {
    "utf-8": "utf8 utf-8 unicode-1-1-utf-8 x-unicode20utf8 utf-8n utf8mb4 unicode utf-8-sig",
    "cp1252": "iso-8859-1 iso8859-1 iso88591 latin1 latin-1 l1 cp819 ibm819 windows-1252 cp1252 x-cp1252 ansi win-1252",
    "ascii": "us-ascii ascii ansi-x3.4-1968 ansi-x3.4-1986 iso-ir-6 iso646-us 646 us x-ascii unknown-8bit 8bit 7bit",
    "cp932": "shift-jis shift-jisx0213 sjis x-sjis ms-kanji ms932 windows-31j windows-932 cp932 csshiftjis",
    "iso2022_jp": "iso-2022-jp csiso2022jp iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-3 iso-2022-jp-ext iso-2022-jp-ms "
    "iso-2022-jp-2004 cp50220 cp50221 cp50222 jis",
    "euc_jp": "euc-jp eucjp x-euc-jp cseucpkdfmtjapanese eucjp-ms cp51932 ujis",
    "gb18030": "gb18030 gb2312 gb-2312 gb2312-80 gb-2312-80 gbk x-gbk cp936 ms936 windows-936 chinese csgb2312 euc-cn "
    "iso-ir-58 gb18030-2000",
    "big5hkscs": "big5 big5-hkscs big5hkscs cn-big5 csbig5 x-x-big5 cp950 ms950 windows-950 x-big5",
    "cp949": "euc-kr euckr ks-c-5601-1987 ks-c-5601-1989 ks-c-5601 ksc5601 ksc-5601 ksc-5601-1987 korean cp949 "
    "ms949 uhc windows-949 cseuckr x-windows-949",
    "iso2022_kr": "iso-2022-kr csiso2022kr",
    "hz": "hz-gb-2312 hz hz-gb",
    "utf-7": "utf-7 utf7 unicode-1-1-utf-7 x-unicode-2-0-utf-7",
    "utf-16": "utf-16 utf16 ucs-2 iso-10646-ucs-2",
    "utf-16-le": "utf-16le utf-16-le unicodelittle",
    "utf-16-be": "utf-16be utf-16-be unicodebig",
    "utf-32": "utf-32 utf32 ucs-4",
    "koi8-r": "koi8-r koi8 koi8r koi cskoi8r",
    "koi8-u": "koi8-u koi8-ru koi8u",
    "mac-roman": "macintosh mac macroman x-mac-roman csmacintosh",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian maccyrillic",
    "cp874": "windows-874 dos-874 tis-620 tis620 iso-8859-11 cp874 x-windows-874",
    "cp1254": "iso-8859-9 latin5 l5 windows-1254 cp1254 x-cp1254 win-1254",
    "iso8859-8": "iso-8859-8-i iso-8859-8-e logical visual hebrew",
    "iso8859-6": "arabic ecma-114 asmo-708 iso-8859-6-i iso-8859-6-e",
    "iso8859-7": "greek greek8 ecma-118 elot-928",
    "iso8859-5": "cyrillic",
    "iso8859-2": "latin2 latin-2 l2",
    "iso8859-3": "latin3 latin-3 l3",
    "iso8859-4": "latin4 latin-4 l4",
    "iso8859-10": "latin6 latin-6 l6",
    "iso8859-15": "latin9 latin-9 l9 latin0",
}
CODECS = {label: codec for codec, labels in _GROUPS.items() for label in labels.split()}
CODECS |= {f"iso-8859-{n}": f"iso8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)}
CODECS |= {f"windows-125{n}": f"cp125{n}" for n in (0, 1, 3, 5, 6, 7, 8)}
CODECS |= {f"cp{n}": f"cp{n}" for n in (437, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 865, 866, 869)}
CODECS |= {f"cp125{n}": f"cp125{n}" for n in (0, 1, 3, 5, 6, 7, 8)}

_SPELLINGS = (
    (re.compile(r"^iso-?8859-?(\d+)$"), r"iso-8859-\1"),
    (re.compile(r"^(?:x-)?(?:cp|win|windows|ibm|msdos|oem|codepage)-?(\d+)$"), r"cp\1"),
)
_MAX_LABEL = 60
#: codecs whose octets are 7 bit and mean more than ASCII
STATEFUL = frozenset({"iso2022_jp", "iso2022_kr", "hz", "utf-7"})
_JIS_ESCAPE = re.compile(rb"\x1b(\$\(?[@BD]|\([A-Z]|\$[@B])")
_JIS_X_0213 = re.compile(rb"\x1b\$\([OPQ]")
_EUC_PAIR = re.compile(rb"[\xa1-\xfe]{2}")
_SAMPLE_BYTES = 8192
# One octet in twenty that is no UTF-8 is damage; more, and it is another charset.
_DAMAGE_SHARE = 20


def codec_of(label: str) -> str | None:
    """The Python codec for a charset label as mails write it, or None when the label is not in the list."""
    if len(label) > _MAX_LABEL:
        return None
    label = label.strip(" \t\"'").lower().replace("_", "-").partition("*")[0]
    if label in CODECS:
        return CODECS[label]
    for pattern, spelling in _SPELLINGS:
        label = pattern.sub(spelling, label)
    return CODECS.get(label)


def decode(octets: bytes, label: str = "") -> tuple[str, str]:
    """The text, and a note when the label was wrong or missing ("" when all was well). Never raises."""
    codec = codec_of(label)
    if codec is None:
        note = f"unknown charset {label[:40]!r}" if label else ""
        return guess(octets), note
    if octets.isascii() and codec not in STATEFUL and (b"\x1b$" in octets or not codec.startswith("utf-")):
        return _ascii(octets), ""
    text = _strictly(octets, codec)
    if text is not None:
        return text, ""
    return _repaired(octets, codec), f"text is not {label[:40]!r} as it says"


def guess(octets: bytes, hint: str = "") -> str:
    """The text of octets that carry no label: UTF-8, a 7-bit Japanese, the hint, what statistics say, windows-1252."""
    if octets.isascii():
        return _ascii(octets)
    hinted = codec_of(hint)
    codecs = ["utf-8", *([hinted] if hinted else [])]
    for codec in codecs:
        text = _strictly(octets, codec)
        if text is not None:
            return text
    return _by_statistics(octets)


def _ascii(octets: bytes) -> str:
    """7-bit octets: ASCII, or ISO-2022-JP when its escapes are there."""
    if b"\x1b$" in octets:
        return _strictly(octets, "iso2022_jp") or octets.decode("ascii")
    return octets.decode("ascii")


def _strictly(octets: bytes, codec: str) -> str | None:
    """The text if every octet has a meaning in this codec."""
    if codec in ("cp1252", "ascii"):
        return _western(octets, codec)
    try:
        return octets.decode(codec).removeprefix("\ufeff")
    except (UnicodeError, ValueError):
        return _EXTENDED[codec](octets) if codec in _EXTENDED else None


def _western(octets: bytes, codec: str) -> str | None:
    """windows-1252, its five unused octets as controls (WHATWG); None for 8-bit octets that call themselves ASCII."""
    if codec == "ascii":
        return octets.decode("ascii") if octets.isascii() else None
    try:
        return octets.decode("cp1252")
    except UnicodeDecodeError:
        return "".join(octets[i : i + 1].decode("cp1252", "ignore") or chr(octets[i]) for i in range(len(octets)))


def _japanese(octets: bytes) -> str | None:
    """ISO-2022-JP as Japanese mailers extend it: half-width kana, NEC and IBM characters (CP50221); None if broken."""
    pieces: list[str] = []
    state, position = b"(B", 0
    for escape in _JIS_ESCAPE.finditer(octets):
        pieces.append(_jis_run(octets[position : escape.start()], state))
        state, position = escape[1], escape.end()
    pieces.append(_jis_run(octets[position:], state))
    text = "".join(pieces)
    return None if "\ufffd" in text else text


def _japanese_8bit(octets: bytes) -> str | None:
    """EUC-JP with NEC and IBM characters (eucJP-ms): each pair by way of cp932; None if broken."""
    text = _EUC_PAIR.sub(lambda pair: _shifted(pair[0][0] & 0x7F, pair[0][1] & 0x7F), octets)
    try:
        return text.decode("cp932") if b"\x8e" not in octets and b"\x8f" not in octets else None
    except UnicodeDecodeError:
        return None


def _jis_2004(octets: bytes) -> str | None:
    """JIS X 0213 where its escapes are, else ISO-2022-JP as mailers extend it."""
    if _JIS_X_0213.search(octets):
        try:
            return octets.decode("iso2022_jp_2004")
        except UnicodeDecodeError:
            pass
    return _japanese(octets)


_EXTENDED = {"iso2022_jp": _jis_2004, "euc_jp": _japanese_8bit}


def _jis_run(run: bytes, state: bytes) -> str:
    if state in (b"$B", b"$@"):
        return _jis_pairs(run)
    if state == b"(I":
        return bytes(octet | 0x80 for octet in run).decode("cp932", "replace")
    if state == b"$(D":
        return b"".join(b"\x8f" + bytes((a | 0x80, b | 0x80)) for a, b in _pairs(run)).decode("euc_jp", "replace")
    return run.decode("utf-8", "replace")


def _pairs(run: bytes) -> list[tuple[int, int]]:
    return list(zip(run[::2], run[1::2], strict=False))


def _jis_pairs(run: bytes) -> str:
    """JIS X 0208 rows and columns as Shift_JIS octets, since only cp932 knows the vendors' rows."""
    lines = run.split(b"\n")
    return "\n".join(b"".join(_shifted(a, b) for a, b in _pairs(line)).decode("cp932", "replace") for line in lines)


def _shifted(row: int, column: int) -> bytes:
    lead = ((row - 0x21) >> 1) + 0x81
    lead += 0x40 if lead > 0x9F else 0
    trail = column + (0x1F + (column >= 0x60) if row % 2 else 0x7E)
    return bytes((lead & 0xFF, trail & 0xFF))


def _repaired(octets: bytes, codec: str) -> str:
    """The text of octets that are not wholly of their codec: other charset, or damage."""
    if codec in ("ascii", "utf-8"):
        damaged = octets.decode("utf-8", "replace")
        high = len(octets) - len(octets.translate(None, bytes(range(128, 256))))
        if damaged.count("\ufffd") * _DAMAGE_SHARE <= high:
            return damaged
        return _by_statistics(octets)
    as_utf8 = _strictly(octets, "utf-8")
    return as_utf8 if as_utf8 is not None else octets.decode(codec, "replace")


def _by_statistics(octets: bytes) -> str:
    """The most natural of the listed charsets; windows-1252 when none stands out."""
    codec, certainty = best(octets)
    if certainty < SURE:
        codec = _second_opinion(octets) or "cp1252"
    text = _strictly(octets, codec)
    if text is None:
        # A natural reading of the beginning that is damaged further on.
        return octets.decode(codec, "replace")
    return text


def _second_opinion(octets: bytes) -> str | None:
    """What charset-normalizer makes of octets that are long enough for it."""
    # Imported here because few mails need it and it costs memory in the child.
    from charset_normalizer import from_bytes

    sample = octets[:_SAMPLE_BYTES]
    found = from_bytes(sample).best() if len(sample) >= 64 else None
    codec = codec_of(found.encoding) if found else None
    return codec if codec and _strictly(octets, codec) is not None else None


def settle(octets: bytes, label: str) -> tuple[str, bytes, str]:
    """(codec, octets, note) such that ``octets.decode(codec)`` works: as they are, or repaired and in UTF-8."""
    codec = codec_of(label)
    if codec is None:
        text, note = decode(octets, label)
        return "utf-8", text.encode("utf-8", "replace"), note
    if octets.isascii() and codec not in STATEFUL and not codec.startswith("utf-16") and b"\x1b$" not in octets:
        return "ascii", octets, ""
    if b"\x1b$" in octets and octets.isascii() and codec not in STATEFUL:
        text, note = decode(octets, label)
        return "utf-8", text.encode("utf-8", "replace"), note
    if codec != "cp1252" and not octets.startswith(b"\xef\xbb\xbf"):
        try:
            if octets.decode(codec):
                return codec, octets, ""
        except (UnicodeError, ValueError):
            pass
    text, note = decode(octets, label)
    return "utf-8", text.encode("utf-8", "replace"), note
