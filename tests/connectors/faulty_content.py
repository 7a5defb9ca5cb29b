"""Connectors that break one promise each about words and files."""

from __future__ import annotations

import dataclasses

from connectors.contract import Attachment, CaseRef, Connector, Delivery, Rejected
from connectors.desk import Desk


class FillsInTemplates(Desk):
    def create(self, delivery: Delivery) -> CaseRef:
        return super().create(dataclasses.replace(delivery, text=delivery.text.replace("{{7*7}}", "49")))


class FollowsMarkup(Desk):
    def create(self, delivery: Delivery) -> CaseRef:
        return super().create(dataclasses.replace(delivery, text=delivery.text.replace("[~ann]", "@Ann Example")))


class CutsInSilence(Desk):
    capabilities = dataclasses.replace(Desk.capabilities, max_text_chars=50_000)

    def create(self, delivery: Delivery) -> CaseRef:
        return super().create(dataclasses.replace(delivery, text=delivery.text[:50_000]))


class FlattensHtml(Desk):
    def create(self, delivery: Delivery) -> CaseRef:
        return super().create(dataclasses.replace(delivery, html=""))


class DropsPictures(Desk):
    def create(self, delivery: Delivery) -> CaseRef:
        kept = tuple(one for one in delivery.attachments if not one.inline)
        return super().create(dataclasses.replace(delivery, attachments=kept))


class DropsEmptyFiles(Desk):
    def create(self, delivery: Delivery) -> CaseRef:
        kept = tuple(one for one in delivery.attachments if one.size_bytes)
        return super().create(dataclasses.replace(delivery, attachments=kept))


class RefusesOddNames(Desk):
    def create(self, delivery: Delivery) -> CaseRef:
        if any("/" in one.name for one in delivery.attachments):
            raise Rejected("odd name")
        return super().create(delivery)


def _content(file: Attachment) -> bytes:
    with file.open() as source:
        return source.read()


class ReadsFilesWhole(Desk):
    def create(self, delivery: Delivery) -> CaseRef:
        read = [dataclasses.replace(one, content=_content(one)) for one in delivery.attachments]
        return super().create(dataclasses.replace(delivery, attachments=tuple(read)))


class DropsLargeFiles(Desk):
    """Leaves out what is too large without a word."""

    capabilities = dataclasses.replace(Desk.capabilities, max_attachment_bytes=8 << 20)

    def create(self, delivery: Delivery) -> CaseRef:
        kept = tuple(one for one in delivery.attachments if one.size_bytes <= 8 << 20)
        return super().create(dataclasses.replace(delivery, attachments=kept))


#: each with the tests that must fail, and no other
FAULTY: dict[type[Connector], set[str]] = {
    FillsInTemplates: {"test_hostile_text_arrives_as_text"},
    FollowsMarkup: {"test_markup_arrives_as_text"},
    CutsInSilence: {"test_a_long_text_is_whole_or_its_original_is_attached"},
    FlattensHtml: {"test_html_arrives_as_html"},
    DropsPictures: {"test_pictures_within_html_are_kept"},
    DropsEmptyFiles: {"test_attachments_arrive_whole"},
    RefusesOddNames: {"test_hostile_file_names_do_no_harm"},
    ReadsFilesWhole: {"test_a_large_file_needs_little_memory"},
    DropsLargeFiles: {"test_a_file_too_large_is_named"},
}
