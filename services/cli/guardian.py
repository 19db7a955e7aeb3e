"""Ends the process group it leads when the supervisor is gone, however that died (kill -9 included).

Run as a script: `python -I -S guardian.py SECONDS`, as the leader of the children's process group, with a pipe from the
supervisor as its standard input. Only the supervisor holds the other end, so the kernel closes it when that process
ends, and reading here returns: then the group is told to end (SIGTERM), and after SECONDS is ended (SIGKILL).

Why a pipe and not PR_SET_PDEATHSIG: that signal would have to be asked for between fork and exec (`preexec_fn`), where
Python code can deadlock when the supervisor has other threads; it comes when the *thread* that started the child ends;
it does not reach the children's own children; and only Linux has it.
"""

import os
import signal
import sys
import time


def main() -> None:
    """Wait for the supervisor's end of the pipe to close, then end the whole group, oneself included."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while os.read(0, 1024):
        pass
    os.killpg(os.getpgrp(), signal.SIGTERM)
    time.sleep(float(sys.argv[1]))
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
