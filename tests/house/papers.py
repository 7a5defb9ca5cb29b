"""The files that a page of the docs shows, so that a test runs what an operator would copy."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FILE = re.compile(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shown(page: str) -> dict[str, str]:
    """Name to text of every file on the page."""
    return dict(_FILE.findall((ROOT / "docs" / page).read_text("utf-8")))


def laid_out(page: str, folder: Path) -> Path:
    """Write the page's settings and templates into a folder; the path of the settings."""
    for name, text in shown(page).items():
        if name.endswith((".toml", ".txt")):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, "utf-8")
    return folder / "settings.toml"
