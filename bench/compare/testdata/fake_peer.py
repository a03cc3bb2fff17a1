"""A peer for the tests: prepares "good", and fails in every way that peers do."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "peers"))
from serve import serve  # noqa: E402


def prepare(kind: str):
    print("what libraries print is not a reply")
    if kind == "refused":
        raise ValueError("no such thing\nat all")

    def run(n: int):
        if kind == "dies":
            sys.stderr.write("first line\nout of memory\n")
            sys.stderr.flush()
            os._exit(3)
        if kind == "sleeps":
            time.sleep(60)
        if kind == "breaks":
            raise RuntimeError("broken")
        return 0.5 * n, 10 * n, f"did {n}"

    return run, "ready"


serve(prepare, {"fake": "1.0"})
