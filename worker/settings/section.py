"""What all sections share: frozen, no unknown keys, secrets by the name of an environment variable."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, PrivateAttr, SecretStr


class Section(BaseModel):
    """Frozen; an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_by_name=True)

    _environ: Mapping[str, str] | None = PrivateAttr(None)

    def model_post_init(self, context: Any, /) -> None:
        """Remember the environment that ``load`` was given; without one, the process's own is asked."""
        if context:
            self._environ = context["environ"]

    def secret_in(self, variable: str | None) -> SecretStr | None:
        """The value of an environment variable, or None if it is unset or empty."""
        environ = os.environ if self._environ is None else self._environ
        value = environ.get(variable, "") if variable else ""
        return SecretStr(value) if value else None
