"""Where the markup of a mail program says that the old begins. String search only: no tree, no recursion."""

from __future__ import annotations

import re2

from worker.parsing.html import html_to_text
from worker.parsing.text import listed

_SCANNED_CHARS = 1024 * 1024
_EXCERPT_CHARS = 8000
_MAX_OPENING_CHARS = 300
#: identifiers, classes and names that mail programs give to the box of what is old
_BOXES = listed(
    """
    divRplyFwdMsg | x_divRplyFwdMsg | mail-editor-reference-message-container | ms-outlook-mobile-reference-message
    | OLK_SRC_BODY_SECTION | gmail_quote | gmail_quote_container | gmail_attr | yahoo_quoted | yahooQuoted
    | ydp[0-9a-z]*yahoo_quoted | moz-cite-prefix | moz-email-headers-table | protonmail_quote | tutanota_quote
    | zmail_extra | zmail_extra_hr | messageReplySection | isReplyContent | isForwardContent | replySplit | quote
    | hmmessage_quote | reply-intro | cite_prefix | mail-quote-collapse | aol_quote | fastmail-quote
    | front-blockquote | freebirdQuote | LPlnk_quote | MailQuote | mail_quote | gwt-quote | stopSpelling
    | wmQuote | android_mail_quote | samsung_quote | edo-message-header | bloop_original | uol_quote | zwchr
    """
)
_BOX = re2.compile(
    rf"""(?i)<[a-z]+\s[^<>]*?(?:id|class|name|data-marker)\s?=\s?["']?(?:[^"'<>]*\s)?(?:{"|".join(_BOXES)})["'\s>]"""
)
# The blue or grey line that Outlook draws above a copied header.
_BORDER = re2.compile(r"""(?i)<div\s[^<>]*?border-top\s?:\s?solid\s#?(?:b5c4df|e1e1e1|blue|windowtext)\s1(?:\.0)?pt""")


def old_opening(page: str) -> str:
    """The first line of text of the box that a mail program marks as old; "" when there is none.

    ``page`` is the HTML as received: sanitised HTML has lost the marks.
    """
    scanned = page[:_SCANNED_CHARS]
    starts = [match.start() for pattern in (_BOX, _BORDER) if (match := pattern.search(scanned))]
    if not starts:
        return ""
    first = min(starts)
    excerpt = scanned[first : first + _EXCERPT_CHARS]
    return next((line for line in map(_bare, html_to_text(excerpt).split("\n")) if line), "")[:_MAX_OPENING_CHARS]


def _bare(line: str) -> str:
    bare = line.strip(" \t>*")
    return "" if set(bare) <= set("_-") else bare
