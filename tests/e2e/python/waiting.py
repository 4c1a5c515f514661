"""Flows that wait, and say for how long: waiting.py NAME [SECONDS...]; waiting.py serve."""

import asyncio
import sys
import time

from prefect import flow, serve
from prefect.flow_runs import pause_flow_run
from prefect.input.run_input import receive_input


@flow
def pauses(timeout: float = 600, every: float = 2):
    pause_flow_run(timeout=timeout, poll_interval=every)


@flow
def receives(timeout: float, every: float):
    print("received:", list(receive_input(str, timeout=timeout, poll_interval=every)), flush=True)


@flow
async def receives_async(timeout: float, every: float):
    words = receive_input(str, timeout=timeout, poll_interval=every)
    print("received:", [word async for word in words], flush=True)


def timed(one, *seconds):
    begun = time.monotonic()
    try:
        asyncio.run(one(*seconds)) if one.isasync else one(*seconds)
        how = "went on"
    except Exception as error:
        how = type(error).__name__
    print(f"{one.fn.__name__}: {how} after {time.monotonic() - begun:.1f} s", flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(pauses.to_deployment("held"), webserver=True)
    else:
        timed(globals()[sys.argv[1]], *map(float, sys.argv[2:]))
