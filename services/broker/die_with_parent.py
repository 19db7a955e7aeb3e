"""Becomes another program that is told to end (SIGTERM) when the process which started it dies, even by kill -9.

Run as a script: `python -I -S die_with_parent.py PARENT_PID PROGRAM ARGUMENT...`. It asks the Linux kernel for the
signal (prctl(2), PR_SET_PDEATHSIG) and then becomes PROGRAM by execve, which keeps both the request and the process id.
This is done here, in a fresh process with one thread, because Python code between fork and exec (`preexec_fn`) can
deadlock when the starting process has other threads (Python docs, subprocess.Popen).

The kernel sends the signal when the *thread* that started the program ends: start it from the main thread, or one that
lives as long as the program should. Elsewhere than on Linux the program merely starts, and outlives its parent.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for the signal, make sure the parent did not die before that, and become the program."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit("the process that wanted this program is gone already")
    os.execv(program[0], program)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()
