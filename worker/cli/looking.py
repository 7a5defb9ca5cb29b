"""The verbs that look at mail and cases: parse, explain, desk. Imports are late, so that parse starts fast."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from worker.cli.printing import print_json, print_table

if TYPE_CHECKING:
    from connectors.desk import Desk, DeskCase
    from worker.settings import Settings


def parse(files: Sequence[Path]) -> int:
    """One line a file, in the given order; a file that cannot be read gets one too."""
    from worker.cli.files import parsed

    for line in parsed(files):
        print_json(line)
    return 0


def explain(path: Path, what: str, *, as_json: bool) -> int:
    """What would become of a mail, and why. 1 when it cannot be looked at."""
    from worker.cli import explained
    from worker.cli.explaining import NotThereError, explanation
    from worker.cli.opening import complain, configure_log, settings_or_exit

    settings = settings_or_exit(path)
    configure_log(verbose=False, facts=True)
    try:
        seen = explanation(settings, what)
    except NotThereError as error:
        complain(f"explain: {error}")
        return 1
    if as_json:
        print_json(explained.as_json(seen))
    else:
        explained.show(seen)
    return 0


def desk(path: Path, name: str, *, as_json: bool) -> int:
    """The cases of one desk, oldest first. 2 when it is not clear which desk, 4 when it cannot be read."""
    from connectors.contract import ConnectorError
    from connectors.desk import as_json as shape_of
    from worker.cli.opening import EXIT_SETTINGS, EXIT_UNREACHABLE, complain, settings_or_exit

    settings = settings_or_exit(path)
    chosen = _chosen_desk(settings, name)
    if not chosen:
        complain(_which_desk(settings, name))
        return EXIT_SETTINGS
    built = _built_desk(settings, chosen)
    try:
        cases = built.cases()
    except ConnectorError as error:
        complain(f"connectors.{chosen}: {error}")
        return EXIT_UNREACHABLE
    finally:
        built.close()
    if as_json:
        print_json(shape_of(cases))
    else:
        _print_cases(cases)
    return 0


def _desks(settings: Settings) -> list[str]:
    return [name for name, section in settings.connectors.items() if section.type == "desk"]


def _chosen_desk(settings: Settings, name: str) -> str:
    """The desk that is meant, or "" when that is not clear."""
    desks = _desks(settings)
    if name:
        return name if name in desks else ""
    return desks[0] if len(desks) == 1 else ""


def _which_desk(settings: Settings, name: str) -> str:
    desks = _desks(settings)
    if not desks:
        return 'desk: no [connectors.NAME] has type = "desk"; a CRM\'s cases are seen in the CRM'
    known = ", ".join(desks)
    wrong = f"there is no desk {name!r}" if name else "there are several desks"
    return f"desk: {wrong}; give --connector one of: {known}"


def _built_desk(settings: Settings, name: str) -> Desk:
    from connectors.desk import Desk
    from worker.cli.opening import connectors_or_exit

    alone = settings.model_copy(update={"connectors": {name: settings.connectors[name]}})
    built = connectors_or_exit(alone)[name]
    assert isinstance(built, Desk)
    return built


def _print_cases(cases: Sequence[DeskCase]) -> None:
    print_table(
        ("case", "status", "priority", "queue", "owner", "requester", "messages", "subject"),
        (
            (
                *(case.number, case.status, case.priority, case.queue, case.owner, case.requester),
                *(len(case.messages), case.subject),
            )
            for case in cases
        ),
    )
