"""A third party's view: the example is installed as its own package, found by its entry point, and passes the kit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.connectors.hearth import EXAMPLE

ROOT = EXAMPLE.parents[1]
PAPER = ROOT / "docs" / "adding-a-connector.md"
_ASK = """
import sys
from connectors.registry import build, check_options, type_names
from connectors.contract import ConnectorError
assert "hearth" in type_names()
options = {"url": "http://127.0.0.1:9", "client": "c", "secret_env": "HEARTH_SECRET"}
print(check_options("crm", "hearth", {**options, "colour": "red"}, {}))
built = build("crm", "hearth", options, {"HEARTH_SECRET": "not-a-secret"})
print(type(built).__name__, sys.modules[type(built).__module__].__file__)
built.close()
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where an installer has put it, with its tests beside it and its source out of sight."""
    folder = tmp_path_factory.mktemp("installed")
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", "--no-build-isolation"]
    source = folder / "source"
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder / "site"), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    shutil.rmtree(source / "mail_to_case_hearth")
    return folder


def _run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"PYTHONPATH": str(installed / "site"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=installed / "source", env=environ, capture_output=True, text=True, check=False)


def test_the_registry_finds_it_by_its_entry_point(installed: Path) -> None:
    """And judges its settings as those of our own."""
    told = _run(installed, "-c", _ASK)
    assert told.returncode == 0, told.stderr
    problems, built = told.stdout.splitlines()
    assert "connectors.crm.colour: unknown key; known: url, client, secret" in problems
    assert "the environment variable HEARTH_SECRET is not set" in problems
    assert built.startswith(f"Hearth {installed / 'site'}")


def test_it_passes_the_kit(installed: Path) -> None:
    told = _run(installed, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert told.returncode == 0, told.stdout
    assert re.search(r"\d\d passed", told.stdout)


def _blocks(kind: str) -> list[str]:
    """A walk's pieces of code; one that stands within a class is shown with its indentation taken off."""
    found = re.findall(rf"^```{kind}\n(.*?)^```", PAPER.read_text(), re.MULTILINE | re.DOTALL)
    assert found
    return [str(one) for one in found]


def _dedented(path: Path) -> str:
    """Its text as it is, and with one level of indentation taken off."""
    text = path.read_text()
    return text + "\n" + "\n".join(line.removeprefix("    ") for line in text.splitlines()) + "\n"


@pytest.mark.parametrize(("kind", "pattern"), [("python", "**/*.py"), ("toml", "*.toml")])
def test_the_walk_shows_the_examples_real_code(kind: str, pattern: str) -> None:
    real = "\n".join(_dedented(path) for path in sorted(EXAMPLE.glob(pattern)))
    for block in _blocks(kind):
        if "[connectors." not in block:
            assert textwrap.dedent(block) in real


def test_the_walk_names_files_that_exist() -> None:
    named = set(re.findall(r"`((?:connectors|examples|tests)/[\w./]+)`", PAPER.read_text()))
    assert len(named) > 3
    assert [one for one in named if not (ROOT / one).exists()] == []


def test_settings_in_the_walk_are_taken(installed: Path) -> None:
    """The section that the paper tells an operator to write."""
    section = next(one for one in _blocks("toml") if "[connectors." in one)
    code = (
        f"import tomllib\nfrom connectors.registry import check_options\n"
        f"options = tomllib.loads({section!r})['connectors']['crm']\n"
        "print(check_options('crm', options.pop('type'), options, {'HEARTH_SECRET': 'x'}))"
    )
    told = _run(installed, "-c", code)
    assert (told.stdout, told.stderr) == ("()\n", "")
