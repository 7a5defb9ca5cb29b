"""What became of each mail, by what anybody outside can see: the mailbox, the CRMs, the mail server of the answers."""

from __future__ import annotations

import email
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from tests.crash.post import Posted, message_id
from tests.house.checker import Lying, is_marked

_REF = re.compile(r"\[ref ([^\]\s]+)\]")


@dataclass(frozen=True)
class Entry:
    """One message in a CRM: in which case, what it says, SHA-256 (hex) of the files with it."""

    case: str
    text: str
    files: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        found = _REF.search(self.text)
        return found[1] if found else ""


@dataclass(frozen=True)
class Outside:
    """All that can be seen at one moment."""

    mails: Sequence[Lying]
    #: connector → its messages
    entries: Mapping[str, Sequence[Entry]]
    #: Message-IDs that were answered, one for each answer sent
    answered: Sequence[str] = ()


@dataclass(frozen=True)
class Judgement:
    """Refs by what is wrong with them; every tuple should be empty."""

    #: in no folder and in no case (I1)
    lost: tuple[str, ...] = ()
    #: more than once in one CRM (I3, I4)
    doubled: tuple[str, ...] = ()
    #: marked as done, and not in every CRM it should be in (I2)
    marked_without_effect: tuple[str, ...] = ()
    #: in another case than its conversation, or in one with another conversation (I22)
    misthreaded: tuple[str, ...] = ()
    #: marked as done, or at the end, with other files than it came with (I2)
    other_files: tuple[str, ...] = ()
    #: answered more than once, or answered without being a customer's (I5)
    acked_twice: tuple[str, ...] = ()
    #: in a CRM though it was to wait for a person
    let_through: tuple[str, ...] = ()
    #: more copies in the mailbox than were put there
    copied: tuple[str, ...] = ()
    #: only at the end: not in its CRM yet, or not marked
    unfinished: tuple[str, ...] = ()
    #: only at the end: held, and no mail program shows it
    unflagged: tuple[str, ...] = ()

    def faults(self) -> dict[str, tuple[str, ...]]:
        """What is wrong, by kind."""
        return {one.name: getattr(self, one.name) for one in fields(self) if getattr(self, one.name)}


class Judge:
    """Knows what was sent, and what has to become of it."""

    def __init__(self, sent: Sequence[Posted], processed: str) -> None:
        self._sent, self._processed = sent, processed
        # In this mailbox, what tells a mail from another is its Message-ID.
        self._refs = {f"Message-ID: {message_id(one.ref)}": one.ref for one in sent}

    def at_any_time(self, seen: Outside) -> Judgement:
        """What must hold at every instant, also with a dead worker's work half done."""
        counts = {name: Counter(entry.ref for entry in entries) for name, entries in seen.entries.items()}
        marked = self._in_mailbox(seen, lambda one: is_marked(one, self._processed))
        present = self._in_mailbox(seen, lambda one: "\\Deleted" not in one.flags)
        answers = Counter(seen.answered)
        return Judgement(
            lost=self._those(lambda one: not present[one.ref] and not _everywhere(one, counts)),
            doubled=self._those(lambda one: any(counts[name][one.ref] > 1 for name in counts)),
            marked_without_effect=self._those(
                lambda one: marked[one.ref] > 0 and not (one.connectors and _everywhere(one, counts))
            ),
            misthreaded=self._misthreaded(seen),
            other_files=tuple(ref for ref in self._other_files(seen) if marked[ref]),
            acked_twice=self._those(lambda one: answers[message_id(one.ref)] > (1 if one.connectors else 0)),
            let_through=self._those(
                lambda one: any(counts[name][one.ref] for name in counts if name not in one.connectors)
            ),
            copied=self._those(lambda one: present[one.ref] > 1),
        )

    def at_the_end(self, seen: Outside) -> Judgement:
        """The same, and that nothing is left to do."""
        counts = {name: Counter(entry.ref for entry in entries) for name, entries in seen.entries.items()}
        marked = self._in_mailbox(seen, lambda one: is_marked(one, self._processed))
        flagged = self._in_mailbox(seen, lambda one: "\\Flagged" in one.flags)

        unfinished = self._those(
            lambda one: bool(one.connectors) and not (_everywhere(one, counts) and marked[one.ref])
        )
        unflagged = self._those(lambda one: not one.connectors and not flagged[one.ref])
        found = self.at_any_time(seen)
        return replace(found, other_files=self._other_files(seen), unfinished=unfinished, unflagged=unflagged)

    def _those(self, wrong: Callable[[Posted], bool]) -> tuple[str, ...]:
        return tuple(one.ref for one in self._sent if wrong(one))

    def _in_mailbox(self, seen: Outside, wanted: Callable[[Lying], bool]) -> Counter[str]:
        return Counter(self._refs[one.digest] for one in seen.mails if one.digest in self._refs and wanted(one))

    def _misthreaded(self, seen: Outside) -> tuple[str, ...]:
        wrong: set[str] = set()
        threads = {one.ref: one.thread for one in self._sent}
        for entries in seen.entries.values():
            cases: dict[str, set[str]] = defaultdict(set)
            owners: dict[str, set[str]] = defaultdict(set)
            for entry in entries:
                if entry.ref in threads:
                    cases[threads[entry.ref]].add(entry.case)
                    owners[entry.case].add(threads[entry.ref])
            wrong |= {thread for thread, found in cases.items() if len(found) > 1}
            wrong |= {thread for found in owners.values() if len(found) > 1 for thread in found}
        return tuple(sorted(wrong))

    def _other_files(self, seen: Outside) -> tuple[str, ...]:
        files = {one.ref: one.files for one in self._sent}
        entries: Iterable[Entry] = (entry for entries in seen.entries.values() for entry in entries)
        return tuple(
            sorted({entry.ref for entry in entries if entry.ref in files and Counter(entry.files) != files[entry.ref]})
        )


def _everywhere(one: Posted, counts: Mapping[str, Counter[str]]) -> bool:
    return all(counts[name][one.ref] for name in one.connectors)


def answered(messages: Iterable[bytes]) -> list[str]:
    """The Message-IDs that these automatic answers answer."""
    return [str(email.message_from_bytes(one).get("In-Reply-To", "")) for one in messages]
