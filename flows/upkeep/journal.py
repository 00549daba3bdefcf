"""What a run says, kept in a file of its own: a line of text or of JSON each, with its run and source."""

import json
import os
from collections.abc import Callable

from flows.workplace import Workplace

Log = Callable[[str], None]


def keep_journal(place: Workplace, run_id: str, log: Log, source: str = "") -> Log:
    """Return a log that also writes into the file that [operations] names; ``log`` itself when none is named.

    Every line is one write at the file's end, so that sources side by side do not mix and a rotated file is no
    trouble. A file that cannot be written is told and stops nothing.
    """
    operations = place.settings.operations
    if operations.log is None:
        return log
    path, form = operations.log, operations.log_format

    def tell(line: str) -> None:
        log(line)
        at = place.clock().isoformat(timespec="milliseconds")
        shown = " ".join(line.split())
        if form == "json":
            written = json.dumps({"at": at, "run": run_id, "source": source or None, "message": shown})
        else:
            written = f"{at} {run_id} {source or '-'} {shown}"
        try:
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, written.encode("utf-8", "replace") + b"\n")
            finally:
                os.close(handle)
        except OSError as error:
            log(f"log: {path} cannot be written ({error.strerror}); mend [operations] log")

    return tell
