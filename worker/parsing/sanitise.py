"""HTML of strangers made harmless: nothing that runs, loads, submits or hides (H32, H34)."""

from __future__ import annotations

import nh3

from worker.parsing.page import cleanable, without_long_tags

_CONTENT_DROPPED = {"script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math"}
_TAGS = nh3.ALLOWED_TAGS - _CONTENT_DROPPED | {"font"}
_ATTRIBUTES = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()} | {"font": {"color"}}
_SCHEMES = {"http", "https", "mailto", "tel", "cid"}


def _only_own_images(tag: str, attribute: str, value: str) -> str | None:
    if tag == "img" and attribute == "src":
        return value if value.lower().startswith("cid:") else None
    return value


_WITH_IMAGES = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_CONTENT_DROPPED,
    attributes=_ATTRIBUTES,
    attribute_filter=_only_own_images,
    url_schemes=_SCHEMES,
)
_WITHOUT_IMAGES = nh3.Cleaner(
    tags=_TAGS - {"img"}, clean_content_tags=_CONTENT_DROPPED, attributes=_ATTRIBUTES, url_schemes=_SCHEMES
)


def sanitised(html: str) -> str:
    """The HTML without anything that runs, loads, submits or hides; images only from within the mail (``cid:``).

    "" when the page is too big or too deep to be cleaned in reasonable time.
    """
    html = without_long_tags(html)
    if not cleanable(html):
        return ""
    # A call back into Python for each attribute is only worth it when an image of the mail may be shown.
    cleaner = _WITH_IMAGES if "cid:" in html or "CID:" in html else _WITHOUT_IMAGES
    return cleaner.clean(html).strip()
