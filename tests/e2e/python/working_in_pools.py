"""Flows that workers of the stock Prefect client run, see test_workers.py."""

import os
import signal
import time

from prefect import flow
from prefect.flow_runs import suspend_flow_run


@flow(log_prints=True)
def greet(name: str = "world"):
    print(f"Hello, {name}!")


@flow(log_prints=True)
def sleeper(seconds: float = 120):
    print(f"asleep in {os.getpid()}")
    time.sleep(seconds)


@flow(log_prints=True)
def dies():
    os.kill(os.getpid(), signal.SIGKILL)


@flow(log_prints=True)
async def asks():
    name = await suspend_flow_run(wait_for_input=str)
    print(f"asks: {name}")


@flow(log_prints=True, retries=1, retry_delay_seconds=0)
def tries():
    from prefect.runtime import flow_run
    print(f"try {flow_run.run_count}")
    if flow_run.run_count == 1:
        raise ValueError("not yet")
