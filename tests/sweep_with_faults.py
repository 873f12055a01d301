"""``archsim`` with points that raise, hang or kill their process, told by their repetitions.

Processes that it starts import it, too, as the program they belong to; Dask workers load it before
they begin. So nothing in the program has to know of tests, and a test that imports it is spared.
"""

import functools
import os
import signal
import time

from archsim.cli import main
from archsim.sweep import points

RAISES, HANGS, KILLS = 13, 17, 19

PAUSE = "ARCHSIM_TEST_PAUSE_S"
"""Variable of the environment: how much longer each point takes, whatever the computer does."""

_compile = getattr(points.compile_workload, "__wrapped__", points.compile_workload)  # once only


@functools.wraps(_compile)
def compile_workload(workload, hardware, counts, **how):
    time.sleep(float(os.environ.get(PAUSE, "0")))
    if counts == RAISES:
        raise RuntimeError("thirteen")
    if counts == HANGS:
        time.sleep(3600)
    if counts == KILLS:
        os.kill(os.getpid(), signal.SIGKILL)
    return _compile(workload, hardware, counts, **how)


if __name__ in ("__main__", "__mp_main__", "sweep_with_faults"):
    points.compile_workload = compile_workload

if __name__ == "__main__":
    main()
