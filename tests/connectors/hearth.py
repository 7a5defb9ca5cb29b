"""The example's connector, fake and rig, from where a stranger would have them."""

from __future__ import annotations

import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "hearth_crm"
if str(EXAMPLE) not in sys.path:
    sys.path.insert(0, str(EXAMPLE))

from mail_to_case_hearth import Hearth  # noqa: E402
from rig_hearth import RigHearth  # noqa: E402

__all__ = ["EXAMPLE", "Hearth", "RigHearth"]
