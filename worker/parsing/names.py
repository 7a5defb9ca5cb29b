"""File names for attachments: a label, never a path; made from the type when the mail gives none, always the same."""

from __future__ import annotations

from worker.parsing.text import visible

MAX_NAME_BYTES = 150
_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))]
)
_FORBIDDEN = str.maketrans(dict.fromkeys('<>:"|?*', "_"))
_EXTENSIONS = {
    "message/rfc822": "eml",
    "message/global": "eml",
    "message/delivery-status": "txt",
    "message/disposition-notification": "txt",
    "message/feedback-report": "txt",
    "text/rfc822-headers": "txt",
    "text/plain": "txt",
    "text/html": "html",
    "text/calendar": "ics",
    "text/csv": "csv",
    "text/vcard": "vcf",
    "text/x-vcard": "vcf",
    "text/rtf": "rtf",
    "text/xml": "xml",
    "application/rtf": "rtf",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/json": "json",
    "application/xml": "xml",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/ms-tnef": "dat",
    "application/pgp-signature": "asc",
    "application/pgp-encrypted": "asc",
    "application/pgp-keys": "asc",
    "application/pkcs7-signature": "p7s",
    "application/x-pkcs7-signature": "p7s",
    "application/pkcs7-mime": "p7m",
    "application/x-pkcs7-mime": "p7m",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/tiff": "tif",
    "image/bmp": "bmp",
    "image/webp": "webp",
    "image/svg+xml": "svg",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "video/mp4": "mp4",
}
_TYPES = {extension: content_type for content_type, extension in reversed(_EXTENSIONS.items())}


def type_of(name: str) -> str:
    """The content type that a file name promises; octets when it promises nothing known."""
    extension = name.rpartition(".")[2].lower()
    return _TYPES.get("jpg" if extension == "jpeg" else extension, "application/octet-stream")


def safe_name(sent: str, content_type: str, index: int) -> str:
    """The name as sent, less its path and what could harm; else ``part-<index>.<extension of the type>``."""
    name = visible(sent).replace("\\", "/").rstrip("/ ").rpartition("/")[2]
    name = name.translate(_FORBIDDEN).strip().rstrip(". ")
    if not name.strip("._ "):
        return f"part-{index}.{_EXTENSIONS.get(content_type, 'bin')}"
    if name.partition(".")[0].lower() in _RESERVED or name.startswith("."):
        name = "_" + name
    return _within(name)


def _within(name: str) -> str:
    """At most MAX_NAME_BYTES bytes of UTF-8, the extension kept."""
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode()) > 20:
        stem, extension = name, ""
    room = MAX_NAME_BYTES - len((dot + extension).encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + (dot if extension else "") + extension
