"""``python -m tests.fakes.jira --port N [--data-center] [--lag S]``: a fake that outlives the workers that talk to it.

Prints its address; ``GET /_fake/state`` shows what it holds, ``POST /_fake/faults`` plans a fault. SIGTERM ends it.
"""

import argparse
import signal
import threading

from tests.fakes.jira import JiraFake


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--data-center", action="store_true")
    parser.add_argument("--lag", type=float, default=0.0, help="seconds until the search shows a new issue")
    given = parser.parse_args()
    ended = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: ended.set())
    fake = JiraFake(given.port, data_center=given.data_center)
    fake.desk.lag_s = given.lag
    fake.start()
    print(fake.url, flush=True)
    ended.wait()
    fake.stop()


if __name__ == "__main__":
    main()
