"""Many receivers that wait (crowd.c)."""

import subprocess
import time

from contestants import BUILD
from measure import Sample
from waits import sample_of, times_in


def crowd(server, receivers, sends):
    """What sends to one after another of so many took; its notes have the server's memory while all
    wait."""
    with subprocess.Popen([BUILD / "bench/crowd", f"port={server.port}", f"receivers={receivers}",
                           f"sends={sends}"], text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        waiting = process.stdout.readline()
        time.sleep(1)
        memory = server.memory()
        output, _ = process.communicate("\n")
    if waiting != "waiting\n" or process.returncode != 0:
        raise RuntimeError(f"crowd ended with status {process.returncode}")
    sample = sample_of(times_in(output.split("\n")))
    sample.notes["memory"] = memory
    return sample


def latency(receivers):
    return lambda server, quick: crowd(server, receivers, 50 if quick else 500)


def memory(receivers):
    return lambda server, quick: Sample(crowd(server, receivers, 1).notes["memory"])
