"""The front door: one verb, one function in a lower room."""

from __future__ import annotations


def main() -> None:
    """Run the command line; the verbs import what they need themselves, so that --help stays quick."""
    from worker.cli.app import app

    app(prog_name="mail-to-case")


if __name__ == "__main__":
    main()
