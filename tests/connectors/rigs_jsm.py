"""The fake Jira's service desk, dressed for the kit."""

from __future__ import annotations

from dataclasses import replace

from connectors.conformance import Kept, KeptFile
from connectors.contract import CaseRef
from tests.connectors.rigs_jira import RiggedJira
from tests.fakes.jira.records import words_of
from tests.fakes.jira.service_desk import ROOT


class RiggedDesk(RiggedJira):
    """The same site; a text is public when a customer may see it."""

    @property
    def written(self) -> tuple[str, ...]:
        return (*super().written, f"{ROOT}/request")

    def messages(self, case: CaseRef) -> list[Kept]:
        assert self.fake.service.obeyed == []
        issue = self._issue(case)
        seen = issue.reporter is not self.fake.meta.me or bool(issue.participants)
        found = [Kept(words_of(issue.fields["description"]), seen, self._files(case, 0))]
        for number, comment in enumerate(issue.comments, 1):
            words, files = words_of(comment.body), self._files(case, number)
            if words:
                found.append(Kept(words, comment.public, files))
            else:
                # It only brings the files of what was said before.
                found[-1] = replace(found[-1], files=(*found[-1].files, *files))
        return found

    def _files(self, case: CaseRef, number: int) -> tuple[KeptFile, ...]:
        files = [one for one in self._issue(case).files if one.after == number]
        return tuple(KeptFile(one.name, one.size, one.sha256) for one in files)
