"""``python -m tests.fakes.hubspot --port N --state FILE``: a fake that outlives the workers that talk to it.

Prints its address; ``GET /_fake/state`` shows what it holds, ``POST /_fake/faults`` plans a fault. SIGTERM ends it.
"""

import argparse
import signal
import threading
from pathlib import Path

from tests.fakes.hubspot import HubSpotFake


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path)
    given = parser.parse_args()
    ended = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: ended.set())
    fake = HubSpotFake(given.port, given.state).start()
    print(fake.url, flush=True)
    ended.wait()
    fake.stop()


if __name__ == "__main__":
    main()
