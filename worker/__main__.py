"""The front door: one verb, one function in a lower room."""

from __future__ import annotations

import gc


def main() -> None:
    """Run the command line; the verbs import what they need themselves, so that --help stays quick."""
    # Nearly all that is made here dies by its reference count. The collector looks for the rare cycle less often than
    # it would by itself: it took a twentieth of the time, most of it during imports, which make no garbage.
    gc.set_threshold(20_000, 20, 20)
    from worker.cli.app import app

    app(prog_name="mail-to-case")


if __name__ == "__main__":
    main()
