"""Every mistake is told: place, what was found, the cure; all at once, and never a secret (K1 to K25, I18)."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from worker.settings import SettingsError, load

MAILBOX = '[mailboxes.a]\nhost = "imap.example.com"\nuser = "a@example.com"\npassword_env = "A_PASSWORD"\n'
DESK = '[connectors.desk]\ntype = "desk"\npath = "desk"\n'
ROUTE = '[[routes]]\nconnector = "desk"\n'
GOOD = MAILBOX + DESK + ROUTE
ENVIRON = {"A_PASSWORD": "hunter2-of-the-mailbox"}


def route(**keys: str) -> str:
    """A [[routes]] with these keys, to the desk unless said otherwise."""
    keys = {"connector": '"desk"'} | keys
    return "[[routes]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


def problems(tmp_path: Path, text: str, environ: Mapping[str, str] = ENVIRON) -> list[str]:
    """The lines an operator reads, without the folder."""
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(path, environ)
    assert str(caught.value) == "\n".join(map(str, caught.value.problems))
    return str(caught.value).replace(f"{tmp_path}/", "").splitlines()


def told(path: Path, environ: Mapping[str, str]) -> list[str]:
    """The mistakes of a file, none if it loads; anything but SettingsError fails the test."""
    try:
        load(path, environ)
    except SettingsError as error:
        return list(map(str, error.problems)) or [""]
    return []


@dataclass(frozen=True)
class Mistake:
    text: str
    #: what the one line says, in this order
    says: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)


CASES: dict[str, Mistake] = {
    "K1 unknown key": Mistake(
        "[worker]\nconcurency = 3\n" + GOOD,
        ("settings.toml: worker.concurency: unknown key", "Did you mean concurrency?"),
    ),
    "K1 unknown section": Mistake("[mailboxs.b]\n" + GOOD, ("settings.toml: mailboxs: unknown key", "mailboxes?")),
    "K1 unknown key of a connector": Mistake(
        GOOD.replace("path", "paht = 1\npath"), ("connectors.desk.paht: unknown key", "Did you mean path?")
    ),
    "K1 a key of another section": Mistake(
        "poll_seconds = 5\n" + GOOD, ("poll_seconds: unknown key", "under [worker]")
    ),
    "K1 unknown section in a variable": Mistake(
        GOOD,
        ("MAIL_TO_CASE__MAILBOX__A__HOST", "unknown section 'mailbox'", "mailboxes?"),
        {"MAIL_TO_CASE__MAILBOX__A__HOST": "x"},
    ),
    "K1 unknown key in a variable": Mistake(
        GOOD,
        ("MAIL_TO_CASE__WORKER__POL_SECONDS: worker.pol_seconds: unknown key", "poll_seconds?"),
        {"MAIL_TO_CASE__WORKER__POL_SECONDS": "5"},
    ),
    "K1 one underscore in a variable": Mistake(
        GOOD,
        ("MAIL_TO_CASE_WORKER__POLL_SECONDS", "ignored", "Two underscores"),
        {"MAIL_TO_CASE_WORKER__POLL_SECONDS": "5"},
    ),
    "K1 item of a list in a variable": Mistake(
        GOOD,
        ("MAIL_TO_CASE__ROUTES__0__ADDRESS", "ignored", "cannot come from the environment", "[[routes]]"),
        {"MAIL_TO_CASE__ROUTES__0__ADDRESS": "x"},
    ),
    "K2 variable not set": Mistake(
        GOOD.replace("A_PASSWORD", "B_PASSWORD"),
        ("mailboxes.a.password_env", "B_PASSWORD is not set", "Set B_PASSWORD"),
    ),
    "K2 variable empty": Mistake(GOOD, ("mailboxes.a.password_env", "A_PASSWORD is empty"), {"A_PASSWORD": ""}),
    "K2 token variable not set": Mistake(
        GOOD.replace('password_env = "A_PASSWORD"', 'oauth = { provider = "google", token_env = "A_TOKEN" }'),
        ("mailboxes.a.oauth.token_env", "A_TOKEN is not set"),
    ),
    "K2 variable of a connector": Mistake(
        GOOD.replace(
            'type = "desk"\npath = "desk"',
            'type = "zendesk"\nurl = "https://x.zendesk.com"\nemail = "a@b.c"\ntoken_env = "Z_TOKEN"',
        ),
        ("connectors.desk.token_env", "Z_TOKEN is not set"),
    ),
    "K2 the password itself instead of a name": Mistake(
        GOOD.replace("A_PASSWORD", "s3cret-Pass"), ("mailboxes.a.password_env", "***", "takes the NAME")
    ),
    "K3 no TOML": Mistake(GOOD + "host = = 1\n", ("settings.toml: not TOML", "line ", "Mend")),
    "K3 the same table twice": Mistake(MAILBOX + GOOD, ("settings.toml: not TOML", "line 5")),
    "K4 equal routes": Mistake(
        GOOD + route(subject='"x"', address='"*"'),
        ("routes[2]: route 2 never gets a mail", "route 1 ('*')", "narrower rule first"),
    ),
    "K4 equal addresses in another spelling": Mistake(
        MAILBOX + DESK + route(address='"A@Bücher.example"') + route(address='"a@xn--bcher-kva.example"'),
        ("routes[2]", "never"),
    ),
    "K4 a detail after its address": Mistake(
        MAILBOX + DESK + route(address='"a@x.org"') + route(address='"a+vip@x.org"'), ("routes[2]", "never", "narrower")
    ),
    "K4 an address after its domain": Mistake(
        MAILBOX + DESK + route(address='"*@x.org"') + route(address='"a@x.org"'), ("routes[2]", "'*@x.org'")
    ),
    "K5 unknown connector": Mistake(
        MAILBOX + DESK + ROUTE.replace("desk", "desc"),
        ("routes[1].connector: unknown connector 'desc'", "Did you mean desk?"),
    ),
    "K5 unknown further connector": Mistake(
        GOOD + 'also = ["archive"]\n', ("routes[1].also", "unknown connector 'archive'", "desk")
    ),
    "a connector named twice": Mistake(GOOD + 'also = ["desk"]\n', ("routes[1].also", "'desk' is named twice")),
    "unknown reply": Mistake(
        GOOD + 'reply = "billing"\n', ("routes[1].reply", "unknown reply 'billing'", "[replies.billing]")
    ),
    "unknown connector type": Mistake(
        GOOD.replace('type = "desk"', 'type = "zendsk"'), ("connectors.desk.type", "'zendsk'", "zendesk?")
    ),
    "K6 back-reference": Mistake(GOOD + "address = 're:(a)\\1@x'\n", ("routes[1].address", "RE2: no back-reference")),
    "K6 look-around in a subject": Mistake(GOOD + "subject = 're:(?=a)'\n", ("routes[1].subject", "RE2")),
    "K6 look-around in a header": Mistake(GOOD + "header = 'X-A: re:(?<!a)b'\n", ("routes[1].header", "RE2")),
    "an address that is none": Mistake(GOOD + 'address = "billing.example.com"\n', ("routes[1].address", '"*@domain"')),
    "a wildcard within an address": Mistake(GOOD + 'address = "b*@example.com"\n', ("routes[1].address", "re:PATTERN")),
    "an empty condition": Mistake(GOOD + 'subject = ""\n', ("routes[1].subject", "empty")),
    "a language that nobody can tell": Mistake(
        GOOD + 'language = "ja, tlh"\n', ("routes[1].language", "no language we can tell: tlh", "known are ar, bg")
    ),
    "K8 source is target": Mistake(
        GOOD.replace("[connectors", 'processed = "move:inbox"\n[connectors'),
        ("mailboxes.a.processed", "the folder that is polled"),
    ),
    "K9 keyword with a space": Mistake(
        GOOD.replace("[connectors", 'processed = "keyword:my case"\n[connectors'),
        ("mailboxes.a.processed", "'my case'", "ASCII without spaces"),
    ),
    "K9 keyword like a system flag": Mistake(
        GOOD.replace("[connectors", "processed = 'keyword:\\Seen'\n[connectors"),
        ("mailboxes.a.processed", "no backslash"),
    ),
    "processed misspelt": Mistake(
        GOOD.replace("[connectors", 'processed = "sen"\n[connectors'), ("mailboxes.a.processed", "Did you mean seen?")
    ),
    "processed without a folder": Mistake(
        GOOD.replace("[connectors", 'processed = "move:"\n[connectors'), ("mailboxes.a.processed", "move:NAME")
    ),
    "K11 SQLite on a dyno": Mistake(GOOD, ("worker.database", "SQLite on a dyno", "PostgreSQL"), {"DYNO": "worker.1"}),
    "K19 too much at once": Mistake("[worker]\nconcurrency = 1000\n" + GOOD, ("worker.concurrency: found 1000", "64")),
    "K20 password in a file that others can read": Mistake(
        '[worker]\ndatabase = "postgresql://me:pw@db/x"\n' + GOOD,
        ("worker.database", "others can read", "DATABASE_URL", "chmod 600"),
    ),
    "K21 plain http": Mistake(
        GOOD.replace(
            'type = "desk"\npath = "desk"',
            'type = "zendesk"\nurl = "http://x.zendesk.com"\nemail = "a@b.c"\ntoken_env = "A_PASSWORD"',
        ),
        ("connectors.desk.url", "https"),
    ),
    "K23 line break in a secret": Mistake(
        GOOD, ("mailboxes.a.password_env", "A_PASSWORD contains a line break", "one line"), {"A_PASSWORD": "abc\n"}
    ),
    "K23 line break in a setting": Mistake(
        GOOD, ("MAIL_TO_CASE__MAILBOXES__A__USER", "line break"), {"MAIL_TO_CASE__MAILBOXES__A__USER": "a@b.c\n"}
    ),
    "K23 line break in DATABASE_URL": Mistake(
        GOOD, ("DATABASE_URL", "line break"), {"DATABASE_URL": "postgres://u:pw@db/x\n"}
    ),
    "K25 the same mailbox twice": Mistake(
        MAILBOX.replace(".a]", ".b]") + GOOD.replace("[connectors", 'folder = "inbox"\nport = 993\n[connectors'),
        ("mailboxes.a", "same account and folder as mailboxes.b"),
    ),
    "plaintext to the world": Mistake(
        GOOD.replace("[connectors", 'security = "plaintext"\n[connectors'),
        ("mailboxes.a.security", "imap.example.com", "loopback"),
    ),
    "no host": Mistake(GOOD.replace('host = "imap.example.com"\n', ""), ("mailboxes.a.host: is missing", "host =")),
    "a URL for a host": Mistake(
        GOOD.replace("imap.ex", "imaps://imap.ex"), ("mailboxes.a.host", "only the server's name")
    ),
    "neither password nor token": Mistake(
        GOOD.replace('password_env = "A_PASSWORD"\n', ""), ("mailboxes.a.password_env: is missing", "oauth")
    ),
    "password and token": Mistake(
        GOOD.replace("[connectors", 'oauth = { provider = "google", token_env = "A_PASSWORD" }\n[connectors'),
        ("mailboxes.a.oauth", "Keep one"),
    ),
    "a password in the file": Mistake(
        GOOD.replace("password_env", 'password = "hunter3-inline"\npassword_env'),
        ("mailboxes.a.password", "password_env ="),
    ),
    "a token in the file": Mistake(
        GOOD.replace('path = "desk"', 'path = "desk"\ntoken = "hunter3-inline"'),
        ("connectors.desk.token", "token_env ="),
    ),
    "a wrong kind": Mistake(
        GOOD.replace("[connectors", 'port = "99x"\n[connectors'), ("mailboxes.a.port: found '99x'", "integer")
    ),
    "not a list in a variable": Mistake(
        GOOD,
        ("MAIL_TO_CASE__MAILBOXES__A__TRUSTED_BORDER", "found 'mx'", "Write a list"),
        {"MAIL_TO_CASE__MAILBOXES__A__TRUSTED_BORDER": "mx"},
    ),
    "a database we do not know": Mistake(
        GOOD,
        ("DATABASE_URL: worker.database", "***", "postgresql://"),
        {"DATABASE_URL": "mysql://u:hunter3-inline@db/x"},
    ),
    "embedded and a server": Mistake(
        GOOD.replace("[connectors", 'embedded = "mail"\n[connectors').replace(
            'user = "a@example.com"\npassword_env = "A_PASSWORD"\n', ""
        ),
        ("mailboxes.a.host", "beside embedded"),
    ),
    "a name with a slash": Mistake(GOOD.replace("mailboxes.a", 'mailboxes."a/b"'), ("mailboxes.a/b", "not a name")),
    "an authority that is not there": Mistake(
        GOOD.replace("[connectors", 'ca_file = "nowhere.pem"\n[connectors'),
        ("mailboxes.a.ca_file", "nowhere.pem", "PEM"),
    ),
    "a border that is no host": Mistake(
        GOOD.replace("[connectors", 'trusted_border = ["by mx"]\n[connectors'),
        ("mailboxes.a.trusted_border", "'by mx'", "Received"),
    ),
    "no mailboxes": Mistake(DESK + ROUTE, ("mailboxes: there is none", "[mailboxes.support]")),
    "no routes": Mistake(MAILBOX + DESK, ("routes: there is none", "[[routes]]")),
    "an unknown calendar": Mistake(
        GOOD + '[replies.r]\nfrom = "a@b.c"\ntext = "t"\ncalendar = "tokio"\n'
        '[calendars.tokyo]\ntimezone = "Asia/Tokyo"\nhours = "Mon-Fri 09:00-18:00"\n',
        ("replies.r.calendar", "'tokio'", "tokyo?"),
    ),
    "working hours in another form": Mistake(
        GOOD + '[calendars.t]\ntimezone = "Asia/Tokyo"\nhours = "9 to 5"\n',
        ("calendars.t.hours: found '9 to 5'", "Mon-Fri 09:00-18:00"),
    ),
    "escalation of an unknown connector": Mistake(
        GOOD + '[[escalations]]\nafter = "4h"\nset = { owner = "x" }\nwhen = { connector = "dsk" }\n',
        ("escalations[1].when.connector", "desk?"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_mistake(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    environ = {**ENVIRON, **case.environ}
    lines = problems(tmp_path, case.text, environ)
    assert len(lines) == 1, lines
    at = 0
    for words in case.says:
        assert words in lines[0][at:], lines[0]
        at = lines[0].index(words, at)
    for secret in ("hunter2", "hunter3", "s3cret-Pass", ":pw@"):
        assert secret not in lines[0]


def test_missing_file_names_init_as_the_cure(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no such file.*mail-to-case init"):
        load(tmp_path / "settings.toml", {})


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a = " + b"[" * 5000, b"[a]\n\x00"])
def test_k3_what_is_no_text_or_no_toml(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "settings.toml").write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load(tmp_path / "settings.toml", {})
    assert len(caught.value.problems) == 1


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path, {})


ALL_AT_ONCE = """
poll_seconds = 3
[worker]
databse = "x"
[mailboxes.support]
host = "imap.example.com"
user = "a@b.c"
password_env = "NOPE_PASSWORD"
processed = "move:inbox"
port = "99x"
[mailboxes.other]
host = "IMAP.example.com"
user = "A@b.c"
security = "plaintext"
oauth = { token_env = "X" }
[connectors.desk]
type = "desk"
[connectors.bad]
type = "zendsk"
[[routes]]
address = "re:(a)\\\\1"
subject = 5
[[routes]]
address = "help@x.org"
connector = "dsk"
[[routes]]
address = "help@x.org"
connector = "bad"
"""


def test_all_mistakes_of_file_and_environment_at_once(tmp_path: Path) -> None:
    environ = {"MAIL_TO_CASE__WORKER__CONCURENCY": "3", "MAIL_TO_CASE__ROUTES__0__ADDRESS": "x"}
    lines = problems(tmp_path, ALL_AT_ONCE, environ)
    wanted = (
        "poll_seconds: unknown",
        "worker.databse: unknown",
        "worker.concurency: unknown",
        "NOPE_PASSWORD is not set",
        "mailboxes.support.processed",
        "mailboxes.support.port",
        "mailboxes.other.security",
        "mailboxes.other.oauth.provider: is missing",
        "mailboxes.other: the same account",
        "connectors.desk.path",
        "connectors.bad.type",
        "routes[1].address",
        "routes[1].subject",
        "routes[1].connector: is missing",
        "routes[2].connector: unknown",
        "routes[3]: route 3 never",
        "MAIL_TO_CASE__ROUTES__0__ADDRESS",
    )
    unseen = [words for words in wanted if sum(words in line for line in lines) != 1]
    assert (unseen, len(lines)) == ([], len(wanted))


_WORDS = (
    "worker mailboxes connectors routes replies calendars escalations smtp a desk host oauth type address connector "
    "also since processed when url password embedded x-y"
)
_KEYS = st.sampled_from([*_WORDS.split(), ""])
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(string.printable, max_size=8),
    st.sampled_from(["desk", "re:(", "*", "move:"]),
)
_TREES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=25
)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float):
        return repr(value).replace("e+", "e")
    return "2026-11-01" if value is None else json.dumps(value).replace("\x7f", "\\u007f")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(_KEYS.filter(bool), _TREES, max_size=6),
    st.dictionaries(_KEYS.map(str.upper), st.text(max_size=5), max_size=3),
)
def test_random_settings_never_give_a_traceback(
    tmp_path: Path, tree: dict[str, Any], variables: dict[str, str]
) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("".join(f'"{key}" = {_toml(value)}\n' for key, value in tree.items()))
    environ = {f"MAIL_TO_CASE__{name}__A__HOST": value for name, value in variables.items()}
    assert all(line.strip() for line in told(path, environ))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(["routes", "address", "subject", "header", "sender"]), st.text(max_size=12), min_size=1
    )
)
def test_random_conditions_load_or_are_refused(tmp_path: Path, conditions: dict[str, str]) -> None:
    conditions.pop("routes", None)
    keys = "".join(f"{key} = {json.dumps(text).replace(chr(127), 'x')}\n" for key, text in conditions.items())
    path = tmp_path / "settings.toml"
    path.write_text(GOOD + keys)
    assert all("routes[1]" in line or "TOML" in line for line in told(path, ENVIRON))
