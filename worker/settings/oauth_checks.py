"""What can be wrong with [mailboxes.NAME.oauth] before anybody is asked for a token."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from worker.settings.model import MailboxSettings
from worker.settings.oauth import OAuth
from worker.settings.problems import Mistake
from worker.settings.secrets import variable_mistakes
from worker.settings.service_account import service_account_of

_KEYS = ("service_account_key_env", "service_account_key_file")
#: by provider and grant: the keys that must be there, and those that may be
_USED: dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]] = {
    ("google", "service_account"): ((), _KEYS),
    ("google", "refresh_token"): (("client_id", "client_secret_env", "refresh_token_env"), ()),
    ("microsoft", "client_credentials"): (("tenant", "client_id", "client_secret_env"), ("client_secret_expires",)),
    ("microsoft", "refresh_token"): (
        ("tenant", "client_id", "refresh_token_env"),
        ("client_secret_env", "client_secret_expires"),
    ),
    ("microsoft", "device_code"): (("tenant", "client_id"), ("client_secret_env", "client_secret_expires")),
    ("generic", "client_credentials"): (
        ("token_url", "client_id", "client_secret_env"),
        ("client_secret_expires",),
    ),
    ("generic", "refresh_token"): (
        ("token_url", "client_id", "refresh_token_env"),
        ("client_secret_env", "client_secret_expires"),
    ),
}
_ALWAYS = frozenset({"provider", "mechanism", "grant", "scope", "token_url"})
_EXAMPLES = {
    "tenant": 'tenant = "contoso.onmicrosoft.com", or the directory\'s ID',
    "client_id": "client_id = the application's ID",
    "client_secret_env": 'client_secret_env = "NAME" of the variable with the application\'s secret',
    "refresh_token_env": 'refresh_token_env = "NAME" of the variable with the refresh token',
    "token_url": 'token_url = "https://NAME/token"',
}
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")

Has = Callable[..., bool]


def oauth_mistakes(name: str, oauth: OAuth, has: Has, environ: Mapping[str, str]) -> Iterator[Mistake]:
    """Every mistake of one mailbox's section: missing keys, keys without use, contradictions, bad values."""
    path = ("mailboxes", name, "oauth")
    yield from _variables(path, oauth, environ)
    yield from _values(path, oauth)
    if oauth.kind == "token":
        yield from _useless(path, oauth, (_ALWAYS | {"token_env"}) - {"grant"}, "beside token_env, a ready-made token")
        return
    used = _USED.get((oauth.provider, oauth.kind))
    if used is None:
        able = ", ".join(grant for provider, grant in _USED if provider == oauth.provider)
        yield (*path, "grant"), f"{oauth.kind!r} is not possible with {oauth.provider}", f"Use one of {able}."
        return
    needed, may = used
    for key in needed:
        if not getattr(oauth, key) and not has(*path, key):
            yield (*path, key), f"is missing for {oauth.provider} with {oauth.kind}", f"Add {_EXAMPLES[key]}."
    yield from _useless(path, oauth, _ALWAYS | {*needed, *may}, f"but {oauth.provider} with {oauth.kind} has no use")
    if oauth.kind == "service_account":
        yield from _one_key(path, oauth, has)


def _useless(path: tuple[str, ...], oauth: OAuth, used: frozenset[str], why: str) -> Iterator[Mistake]:
    for key in oauth.model_fields_set - used:
        if getattr(oauth, key) is not None and getattr(oauth, key) != "":
            yield (*path, key), f"given {why}", f"Leave out {key}, or change grant and provider to what is meant."


def _one_key(path: tuple[str, ...], oauth: OAuth, has: Has) -> Iterator[Mistake]:
    given = [key for key in _KEYS if getattr(oauth, key) is not None or has(*path, key)]
    if not given:
        cure = (
            'Add service_account_key_env = "NAME" of the variable with the JSON key, or service_account_key_file; '
            "for an installed app, client_id, client_secret_env and refresh_token_env."
        )
        yield (*path, _KEYS[0]), "is missing for google with service_account", cure
    if len(given) > 1:
        yield (*path, _KEYS[1]), f"given beside {_KEYS[0]}", "Keep one of the two."


def _variables(path: tuple[str, ...], oauth: OAuth, environ: Mapping[str, str]) -> Iterator[Mistake]:
    for key in ("token_env", "client_secret_env", "refresh_token_env", "service_account_key_env"):
        if (variable := getattr(oauth, key)) is not None:
            yield from variable_mistakes((*path, key), variable, environ)


def _values(path: tuple[str, ...], oauth: OAuth) -> Iterator[Mistake]:
    if oauth.token_url and (problem := _address_problem(oauth.token_url)):
        yield (*path, "token_url"), problem, "Write https://NAME/token; http is for a loopback address only."
    if oauth.kind == "device_code" and oauth.token_url and not oauth.token_url.endswith("/token"):
        cure = "The device code is asked for beside it, so it must end in /token."
        yield (*path, "token_url"), f"found {oauth.token_url[:80]!r}", cure
    if oauth.tenant and not _TENANT.fullmatch(oauth.tenant):
        cure = "Write the directory's ID or its domain, nothing else."
        yield (*path, "tenant"), f"found {oauth.tenant[:80]!r}", cure
    if oauth.tenant in ("common", "consumers", "organizations") and oauth.kind == "client_credentials":
        cure = "An application logs in to one directory: write its ID or its domain."
        yield (*path, "tenant"), f"found {oauth.tenant!r}", cure
    yield from _service_account(path, oauth)


def _address_problem(url: str) -> str:
    # The HTTP library is loaded only where there is an address to look at.
    from connectors.http import url_problem

    return url_problem(url).partition("; ")[0]


def _service_account(path: tuple[str, ...], oauth: OAuth) -> Iterator[Mistake]:
    file, secret = oauth.service_account_key_file, oauth.service_account_key
    if file is not None:
        try:
            yield from _key((*path, "service_account_key_file"), file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            yield (*path, "service_account_key_file"), f"{str(file)!r} cannot be read", "Name a readable JSON file."
    elif secret is not None:
        yield from _key((*path, "service_account_key_env"), secret.get_secret_value())


def _key(path: tuple[str, ...], text: str) -> Iterator[Mistake]:
    try:
        service_account_of(text)
    except ValueError as error:
        found, _, cure = str(error).partition("; ")
        yield path, f"the key {found}", f"{cure[:1].upper()}{cure[1:]}."


def keeping_mistakes(mailboxes: Mapping[str, MailboxSettings], is_sqlite: bool, has_secret: bool) -> Iterator[Mistake]:
    """Refresh tokens are kept in the ledger, encrypted; beside a server there is no place for a key but a variable."""
    names = [name for name, mailbox in mailboxes.items() if mailbox.oauth and mailbox.oauth.keeps_tokens]
    if names and not is_sqlite and not has_secret:
        cure = 'Add secret_env = "NAME" of a variable with a long random text, as `openssl rand -hex 32` makes it.'
        found = f"is missing: mailboxes.{names[0]}.oauth gets refresh tokens, which are kept encrypted with it"
        yield ("worker", "secret_env"), found, cure
