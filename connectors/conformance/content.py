"""Words arrive as words: nothing is rendered, filled in, obeyed, or lost without a notice."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from connectors.conformance.abilities import declared
from connectors.conformance.base import Theme
from connectors.conformance.rig import RiggedCrm
from connectors.conformance.samples import HOSTILE_TEXTS, MARKUP_TEXTS, delivery, file_of, long_text
from connectors.contract import Connector, Person

_PICTURE: Final = file_of(b"\x89PNG\r\n\x1a\n" + bytes(40), "logo.png", "image/png")


class Content(Theme):
    """The kit's tests of texts and HTML."""

    def test_hostile_text_arrives_as_text(self, crm: RiggedCrm, connector: Connector) -> None:
        """H31, H32, H33: nothing is rendered, filled in, or obeyed; nothing makes the connector stumble."""
        for text in HOSTILE_TEXTS:
            sent = delivery(text=text, subject=f"About {text[:60]!r}", requester=Person(text[:60], "ann@example.com"))
            case = connector.create(sent)
            crm.settle()
            kept = crm.messages(case)[0].text
            words = [word for word in text[:2000].split() if word.isascii() and word.isprintable()]
            assert [word for word in words if word not in kept] == []
            assert crm.keys().count(sent.key) == 1

    def test_markup_arrives_as_text(self, crm: RiggedCrm, connector: Connector) -> None:
        """Of any CRM's own kind: nobody is called, nothing is drawn, no command is run."""
        for text in MARKUP_TEXTS:
            case = connector.create(delivery(text=f"before\n{text}\nafter"))
            crm.settle()
            kept = crm.messages(case)[0].text
            assert [word for word in text.split() if word not in kept] == []

    def test_a_long_text_is_whole_or_its_original_is_attached(self, crm: RiggedCrm, connector: Connector) -> None:
        """200 kB; what is cut says so, and the message as it came lies beside it where files can."""
        can, text = connector.capabilities, long_text()
        source = file_of(text.encode(), "message.eml", "message/rfc822")
        case = connector.create(delivery(text=text, source=source))
        crm.settle()
        (kept,) = crm.messages(case)
        assert kept.text.count("row 0") >= 1000
        if "row 19999" in kept.text:
            return
        assert can.max_text_chars < len(text)
        assert kept.text.rstrip().splitlines()[-1] not in text
        if can.max_attachment_bytes:
            assert source.sha256 in {one.sha256 for one in kept.files}

    def test_html_arrives_as_html(self, crm: RiggedCrm, connector: Connector) -> None:
        declared(connector.capabilities.html, "plain text only")
        sent = delivery(text="see pumpernickel", html="<p>see <b>pumpernickel</b></p>")
        case = connector.create(sent)
        crm.settle()
        (kept,) = crm.messages(case)
        assert re.search(r">\s*pumpernickel\s*<", kept.html or kept.text)

    def test_pictures_within_html_are_kept(self, crm: RiggedCrm, connector: Connector) -> None:
        """Shown in their place or beside the text: never lost, never twice."""
        can = connector.capabilities
        declared(can.html and can.max_attachment_bytes, "no HTML or no files")
        picture = replace(_PICTURE, inline=True, content_id="logo@example.com")
        html = '<p>see <img src="cid:logo@example.com" alt="logo"> here</p>'
        case = connector.create(delivery(html=html, attachments=(picture,)))
        crm.settle()
        assert [one.sha256 for one in crm.messages(case)[0].files] == [picture.sha256]
