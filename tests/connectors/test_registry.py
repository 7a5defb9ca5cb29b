"""Name to class: ours, strangers', and every mistake named at once with its cure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from connectors.desk import Desk
from connectors.registry import Misconfigured, build, check_options, type_names
from connectors.zendesk import Zendesk

_STRANGER = """
from connectors.contract import Capabilities, CaseRef, Connector, Dedupe

class Acme(Connector):
    capabilities = Capabilities(dedupe=Dedupe.NONE)
    def __init__(self, *, url: str, token: str, port: int = 1, tags: tuple[str, ...] = ()) -> None:
        if url == "bad": raise ValueError("url: bad")
        self.given = (url, token, port, tags)
    def check(self): return ()
    def find(self, delivery): return None
    def create(self, delivery): return CaseRef("1", "1")

not_a_connector = 3
"""


def _install(folder: Path, package: str, **points: str) -> None:
    """A distribution as an installer leaves it."""
    (folder / f"{package}.py").write_text(_STRANGER)
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = "\n".join(f"{name} = {target}" for name, target in points.items())
    (info / "entry_points.txt").write_text(f"[mail_to_case.connectors]\n{lines}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_ours_are_built_by_name(tmp_path: Path) -> None:
    assert isinstance(build("crm", "desk", {"path": str(tmp_path)}, {}), Desk)
    options = {"url": "https://example.zendesk.com", "client_id": "c", "client_secret_env": "S", "tags": ["a"]}
    zendesk = build("crm", "zendesk", options, {"S": "not-a-secret"})
    assert isinstance(zendesk, Zendesk)
    assert zendesk.target == "example.zendesk.com"


def test_a_strangers_connector_is_built_with_fitted_values(site: Path) -> None:
    _install(site, "acme_one", acme="acme_one:Acme")
    assert "acme" in type_names()
    options = {"url": "u", "token_env": "ACME", "port": "8", "tags": ["a", "b"]}
    built = build("crm", "acme", options, {"ACME": "t"})
    assert built.given == ("u", "t", 8, ("a", "b"))  # type: ignore[attr-defined]
    with pytest.raises(Misconfigured, match=r"connectors\.crm: url: bad"):
        build("crm", "acme", options | {"url": "bad"}, {"ACME": "t"})


def test_two_packages_with_one_name_are_a_problem_not_a_race(site: Path) -> None:
    _install(site, "acme_one", acme="acme_one:Acme", desk="acme_one:Acme")
    _install(site, "acme_two", acme="acme_two:Acme")
    (problem,) = check_options("crm", "acme", {}, {})
    assert problem == "connectors.crm.type: acme_one, acme_two all offer 'acme'; uninstall all but one"
    assert "this package and acme_one" in check_options("crm", "desk", {"path": "x"}, {})[0]


def test_what_is_no_connector_or_cannot_be_imported_is_told(site: Path) -> None:
    _install(site, "acme_bad", three="acme_bad:not_a_connector", gone="acme_bad_gone:X", lost="acme_bad:Lost")
    assert "is no Connector" in check_options("crm", "three", {}, {})[0]
    assert "cannot be imported" in check_options("crm", "gone", {}, {})[0]
    assert "acme_bad" in check_options("crm", "lost", {}, {})[0]


def test_every_mistake_is_named_at_once_with_its_cure() -> None:
    """Unknown, misspelt, missing, of the wrong type, variable not set: one line each."""
    options = {"urll": "https://x", "client_id": 5, "client_secret_env": "UNSET", "group": ["a"], "colour": "red"}
    problems = check_options("crm", "zendesk", options, {})
    assert "connectors.crm.urll: unknown key; did you mean url?" in problems
    assert any(one.startswith("connectors.crm.url: missing") for one in problems)
    assert any(one.startswith("connectors.crm.client_id: input should be a valid string") for one in problems)
    assert any("variable UNSET is not set" in one for one in problems)
    assert any(one.startswith("connectors.crm.group:") for one in problems)
    assert any(one.startswith("connectors.crm.colour: unknown key; known: ") for one in problems)
    assert len(problems) == 6
    with pytest.raises(Misconfigured) as caught:
        build("crm", "zendesk", options, {})
    assert caught.value.problems == problems


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "http://example.com", "client_id": "a", "client_secret": "b"}, "url: must be https"),
        ({"url": "example.com", "client_id": "a", "client_secret": "b"}, "url: is no address"),
        ({"url": "https://u:p@x.example", "client_id": "a", "client_secret": "b"}, "url: must not hold a user"),
        ({"url": "https://x.example"}, "client_id: missing; give client_id and client_secret_env"),
        ({"url": "https://x.example", "client_id": "a"}, "client_secret: missing beside client_id"),
        ({"url": "https://x.example", "token": "a"}, "email: missing beside token"),
        ({"url": "https://x.example", "token": "a", "client_id": "b"}, "not both"),
        ({"url": "https://x.example", "token": "a", "token_env": "T", "email": "e"}, "token_env: token is given twice"),
    ],
)
def test_contradictions_are_named(options: dict[str, str], said: str) -> None:
    assert said in "\n".join(check_options("crm", "zendesk", options, {"T": "t"}))


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://[::1]:80", "http://localhost", "https://a.example/b"])
def test_loopback_may_be_plain(url: str) -> None:
    assert check_options("crm", "zendesk", {"url": url, "client_id": "a", "client_secret": "b"}, {}) == ()


def test_a_wrong_type_gets_the_nearest_right_one() -> None:
    assert check_options("crm", "zendsk", {}, {}) == (
        "connectors.crm.type: there is no connector 'zendsk'; did you mean zendesk?",
    )


def test_a_secret_in_a_problem_is_not_shown() -> None:
    problems = check_options(
        "crm", "zendesk", {"url": "https://x.example", "client_id": "c", "client_secret": ["s3cr3t"]}, {}
    )
    assert problems
    assert "s3cr3t" not in "".join(problems)


def test_only_the_named_type_is_imported() -> None:
    """A worker with a desk loads no HTTP client."""
    code = (
        "import sys\nfrom connectors.registry import check_options\ncheck_options('crm', 'desk', {'path': 'x'}, {})\n"
        "print([name for name in ('httpx2', 'connectors.zendesk') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"
