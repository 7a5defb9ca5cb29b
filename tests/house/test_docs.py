"""The papers of the house say what is so: settings, verbs, links, shipped files."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from connectors import matrix
from worker.settings import load
from worker.settings.reference import render

ROOT = Path(__file__).resolve().parents[2]
PAPERS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
VERB = re.compile(r"(?:mail-to-case|python -m worker) ([a-z]+)\b")


def verbs() -> set[str]:
    """The verbs that the command line really has."""
    from worker.cli.app import app

    return {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}


def test_settings_reference_is_up_to_date() -> None:
    written = (ROOT / "docs/settings.md").read_text()
    assert written == render(), "run: python -m worker.settings.reference > docs/settings.md"


def test_the_capability_matrix_is_up_to_date() -> None:
    written = (ROOT / "docs/connectors.md").read_text()
    assert written == matrix.render(), "run: python -m connectors.matrix > docs/connectors.md"


def test_the_shipped_settings_load_without_any_environment() -> None:
    settings = load(ROOT / "settings.toml", {})
    assert all(mailbox.embedded for mailbox in settings.mailboxes.values())
    assert {connector.type for connector in settings.connectors.values()} == {"desk"}
    assert settings.routes[-1].address == "*"


def test_what_the_shipped_settings_show_in_comments_loads_too(tmp_path: Path) -> None:
    text = (ROOT / "settings.toml").read_text()
    shown = re.sub(r"^# ?(?=\[|\w+ = )", "", text, flags=re.MULTILINE)
    (tmp_path / "settings.toml").write_text(shown)
    settings = load(tmp_path / "settings.toml", {"SUPPORT_PASSWORD": "x", "ZENDESK_CLIENT_SECRET": "y"})
    assert set(settings.mailboxes) == {"test", "support"}
    assert set(settings.connectors) == {"desk", "zendesk"}


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.name)
def test_links_lead_somewhere(paper: Path) -> None:
    missing = [link for link in LINK.findall(paper.read_text()) if not (paper.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("name", ["README.md", "docs/operating.md", "settings.toml", "Procfile"])
def test_only_verbs_that_exist_are_promised(name: str) -> None:
    named = set(VERB.findall((ROOT / name).read_text().replace("\n", " ")))
    assert named
    assert named - verbs() == set()


def test_each_verb_is_explained() -> None:
    table = (ROOT / "docs/operating.md").read_text()
    explained = set(re.findall(r"^\| `([a-z]+)", table, re.MULTILINE))
    assert verbs() - explained == set()


def test_make_targets_in_the_papers_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for paper in PAPERS:
        for target in re.findall(r"(?<=`)make ([a-z]+)|^make ([a-z]+)", paper.read_text(), re.MULTILINE):
            assert re.search(rf"^{''.join(target)}:", makefile, re.MULTILINE), (paper.name, target)


def test_the_changelog_knows_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    text = (ROOT / "CHANGELOG.md").read_text()
    assert "## [Unreleased]" in text or f"## [{version}]" in text


def test_files_that_platforms_read() -> None:
    assert re.fullmatch(r"3\.\d+\n", (ROOT / ".python-version").read_text())
    assert (ROOT / "Procfile").read_text().splitlines() == [
        "release: python -m worker release",
        "worker: python -m worker run",
    ]
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
    subprocess.run(["sh", "-n", ROOT / ".ci/run"], check=True)


def test_help_needs_no_settings_library() -> None:
    """`--help` stays quick: what reads settings is imported by the verb that reads them."""
    program = (
        "import sys; sys.argv = ['mail-to-case', '--help']\n"
        "from worker.cli.app import app\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "slow = {'pydantic', 'sqlalchemy', 'structlog', 'imapclient', 'worker.settings'} & set(sys.modules)\n"
        "sys.exit(' '.join(sorted(slow)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
