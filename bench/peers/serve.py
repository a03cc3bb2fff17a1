"""The line protocol by which bench/compare has a script do its work.

Requests come as lines of JSON on standard input, replies go as such to standard
output; what else the libraries print goes to standard error.
"""
import json
import os
import platform
import sys
import traceback
from collections.abc import Callable
from typing import Any

# A prepared work does itself n times; it returns the seconds that it took, the items
# that it worked on and, if it has something to say in the table, a note.
Work = Callable[[int], tuple]


def serve(prepare: Callable[..., Work | tuple[Work, str]], versions: dict[str, str]) -> None:
    """Answers requests until there are no more.

    prepare is called with the parameters of the case as keyword arguments. Beside
    the work it may return a note for the table.
    """
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    work = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "prepare":
                work = None  # frees what the last case held
                made = prepare(**request["params"])
                work, note = made if isinstance(made, tuple) else (made, "")
                reply = {"note": note, "versions": {"Python": platform.python_version(), **versions}}
            else:
                seconds, items, *note = work(request["n"])
                reply = {"seconds": seconds, "items": items, "note": "".join(note)}
        except Exception as error:
            traceback.print_exc()
            reply = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()
