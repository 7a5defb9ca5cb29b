"""What our own border says of a mail's author: Authentication-Results, read strictly (RFC 8601), believed sparingly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from worker.settings.addresses import address_key, domain_key

FIELD = "authentication-results"
#: these write their field right below their own Received, and take out what a stranger wrote in their name
_WRITE_BELOW = frozenset({"mx.google.com"})
#: of DMARC: there is no policy, or it could not be looked up
_NOTHING_SAID = ("", "none", "temperror")
#: of SPF and DKIM (RFC 8601 sections 2.7.1 and 2.7.2)
_FAILED = ("fail", "softfail", "hardfail")
_MAX_FIELD_CHARS = 16_384
_PIECE = re.compile(r'(?P<space>\s+)|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<mark>[;=])|(?P<word>[^\s;="()\\]+)')
_METHOD = re.compile(r"([a-z][a-z0-9-]*)(?:/\d+)?")
_ADDRESS = re.compile(r"[^\s<>\"(),:;\[\]\\@]+(?:@[^\s<>\"(),:;\[\]\\@]+)+")


@dataclass(frozen=True)
class Authentication:
    """The results as our border wrote them, lower case: "pass", "fail", "none" …; "" where it told none."""

    spf: str = ""
    dkim: str = ""
    dmarc: str = ""
    #: one of them passed for the domain of the only From, and DMARC did not fail: the From may be believed
    aligned: bool = False
    #: something failed, and nothing passed for that domain: the From must not be believed, whatever else speaks for it
    refuted: bool = False
    why: str = "no authserv_id is set, so nobody is authenticated"


@dataclass(frozen=True)
class _Result:
    """One ``method=result`` with the properties that belong to it alone."""

    method: str
    result: str
    properties: dict[str, str] = field(default_factory=dict)


def verdict(
    headers: Sequence[tuple[str, str]], authserv_ids: Sequence[str], border: int | None = None, *, below: bool = False
) -> Authentication:
    """Whether the From may be believed. Pure; linear in the fields; never raises.

    ``authserv_ids``: of our own border (RFC 8601 section 2.5). ``border``: the position of the Received field that it
    wrote; when None, the topmost. Only fields above it count, since anyone may have written what lies below; with
    ``below``, for servers that do as RFC 8601 section 5 demands, also the topmost one between it and the next Received.
    """
    ours = {domain_key(one) for one in authserv_ids if one}
    if not ours:
        return Authentication()
    found = _ours(headers, ours, border, below or bool(ours & _WRITE_BELOW))
    if not found:
        return Authentication(why="our border wrote no Authentication-Results above the border of trust")
    results = [_results(value) for value in found]
    if None in results:
        return Authentication(refuted=True, why="Authentication-Results of our border cannot be read")
    return _judged([one for some in results for one in some or ()], _author_domain(headers))


# ---- which fields ---------------------------------------------------------------------------------------------------


def _ours(headers: Sequence[tuple[str, str]], ids: set[str], border: int | None, below: bool) -> list[str]:
    received = [at for at, (name, _) in enumerate(headers) if name.strip().lower() == "received"]
    if border is None:
        border = received[0] if received else len(headers)
    above = _named(headers[:border], ids)
    if above or not below or border not in received:
        return above
    # A second one may be the sender's own, right below ours, which would add a "pass" to what ours lacks.
    following = next((at for at in received if at > border), len(headers))
    return _named(headers[border:following], ids)[:1]


def _named(headers: Sequence[tuple[str, str]], ids: set[str]) -> list[str]:
    values = [value for name, value in headers if name.strip().lower() == FIELD]
    return [value for value in values if _authserv_id(value) in ids]


def _authserv_id(value: str) -> str:
    statements = _statements(value)
    if statements is None:
        # What cannot be read is nobody's, unless it begins with a name, which is then checked and believed nothing.
        return domain_key(re.split(r"[\s;]", value.strip(), maxsplit=1)[0])
    first = [text for _, text, _ in statements[0]]
    return domain_key(first[0]) if 1 <= len(first) <= 2 and (len(first) == 1 or first[1].isdigit()) else ""


# ---- grammar --------------------------------------------------------------------------------------------------------


def _results(value: str) -> list[_Result] | None:
    """Every result of the field; None when it does not follow the grammar."""
    statements = _statements(value)
    if statements is None:
        return None
    results = []
    for statement in statements[1:]:
        if [text.lower() for _, text, _ in statement] in (["none"], []):
            continue
        pairs = _pairs(statement)
        method = _METHOD.fullmatch(pairs[0][0]) if pairs else None
        if not pairs or method is None:
            return None
        results.append(_Result(method[1], pairs[0][1].lower(), dict(reversed(pairs[1:]))))
    return results


#: kind, text, whether it follows the one before without a space
_Token = tuple[str, str, bool]


def _statements(value: str) -> list[list[_Token]] | None:
    """What stands between the semicolons, in tokens; comments are gone. None when quotes or comments do not close."""
    plain = _without_comments(value[:_MAX_FIELD_CHARS])
    if plain is None or len(value) > _MAX_FIELD_CHARS:
        return None
    statements: list[list[_Token]] = [[]]
    at, attached = 0, False
    while at < len(plain):
        piece = _PIECE.match(plain, at)
        if piece is None:
            return None
        kind, at = piece.lastgroup or "", piece.end()
        text = piece[kind]
        if text == ";" and kind == "mark":
            statements.append([])
        elif kind != "space":
            text = re.sub(r"\\(.)", r"\1", text) if kind == "quoted" else text
            statements[-1].append((kind, text, attached))
        attached = kind != "space"
    return statements


def _without_comments(value: str) -> str | None:
    """Each comment, nested or not, as one space; None when one does not close."""
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for char in value:
        opens = char == "(" and not (quoted or escaped)
        closes = char == ")" and not (quoted or escaped)
        depth += opens
        if not depth:
            kept.append(char)
        if closes:
            depth -= 1
            kept.append(" ")
        quoted ^= char == '"' and not (depth or escaped)
        escaped = char == "\\" and not escaped and bool(depth or quoted)
        if depth < 0:
            return None
    return None if depth or quoted else "".join(kept)


def _pairs(tokens: Sequence[_Token]) -> list[tuple[str, str]] | None:
    """``name=value`` each; a value goes on as long as no space comes, since base64 and addresses hold any mark."""
    pairs: list[tuple[str, str]] = []
    rest = list(tokens)
    while rest:
        if len(rest) < 3 or rest[0][0] != "word" or rest[1][:2] != ("mark", "=") or rest[2][0] == "mark":
            return None
        end = next((at for at in range(3, len(rest)) if not rest[at][2]), len(rest))
        pairs.append((rest[0][1].lower(), "".join(text for _, text, _ in rest[2:end])))
        rest = rest[end:]
    return pairs


# ---- verdict --------------------------------------------------------------------------------------------------------


def _judged(results: Sequence[_Result], author: str) -> Authentication:
    told = {method: _told(results, method) for method in ("spf", "dkim", "dmarc")}
    aligned, why = _aligned(results, author)
    # A pass that is not for the author's domain says nothing, but DMARC is about that domain and no other.
    failed = told["dmarc"] not in _NOTHING_SAID or any(told[one] in _FAILED for one in ("spf", "dkim"))
    return Authentication(**told, aligned=aligned, refuted=failed and not aligned, why=why)


def _told(results: Sequence[_Result], method: str) -> str:
    """The worst that was said, but of signatures the best, since one good one is enough."""
    said = [one.result for one in results if one.method == method]
    if method == "dkim":
        return "pass" if "pass" in said else next(iter(said), "")
    return next((one for one in said if one != "pass"), next(iter(said), ""))


def _aligned(results: Sequence[_Result], author: str) -> tuple[bool, str]:
    if not author:
        return False, "From does not name exactly one author"
    dmarc = [one for one in results if one.method == "dmarc"]
    if len(dmarc) > 1:
        return False, "several DMARC results in one mail"
    if dmarc and dmarc[0].result == "pass":
        of = domain_key(dmarc[0].properties.get("header.from", author).rpartition("@")[2])
        return of == author, f"DMARC passed for {of}" + ("" if of == author else f", but From is of {author}")
    if dmarc and dmarc[0].result not in _NOTHING_SAID:
        return False, f"DMARC says {dmarc[0].result}"
    by = next((one for one in _passes(results) if _vouches(one[1], author)), None)
    if by:
        return True, f"{by[0]} passed for {by[1]}"
    return False, f"nothing passed for {author}"


def _passes(results: Sequence[_Result]) -> Iterator[tuple[str, str]]:
    """Method and domain of whatever passed."""
    for one in results:
        if one.method == "dkim" and one.result == "pass":
            named = one.properties.get("header.d") or one.properties.get("header.i", "")
            yield "DKIM", domain_key(named.rpartition("@")[2])
    spf = [one for one in results if one.method == "spf" and "smtp.helo" not in one.properties]
    if len(spf) == 1 and spf[0].result == "pass":
        yield "SPF", domain_key(spf[0].properties.get("smtp.mailfrom", "").rpartition("@")[2])


def _vouches(domain: str, author: str) -> bool:
    """The author's own domain or one above it; never one below, which may be anybody's on a shared domain."""
    return "." in domain and (author == domain or author.endswith(f".{domain}"))


def _author_domain(headers: Sequence[tuple[str, str]]) -> str:
    """Of the one address of the one From; "" when there is any doubt (RFC 5322 section 3.6.2, H56)."""
    fields = [value for name, value in headers if name.strip().lower() == "from"]
    found = {one.lower() for one in _ADDRESS.findall(fields[0])} if len(fields) == 1 else set()
    return address_key(found.pop()).rpartition("@")[2] if len(found) == 1 else ""
