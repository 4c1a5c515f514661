"""Flows whose parts wait for one another: slots.py tags|names|rate|strict|late."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from prefect import flow, task
from prefect.concurrency.sync import concurrency, rate_limit

lock = threading.Lock()
running, most = 0, 0


def work():
    """Counts how many do this at the same time."""
    global running, most
    with lock:
        running += 1
        most = max(most, running)
    time.sleep(0.3)
    with lock:
        running -= 1


@task(tags=["narrow"])
def tagged():
    work()


@flow
def tags():
    for done in [tagged.submit() for _ in range(3)]:
        done.result()


def named(_):
    with concurrency(["narrow", "wide"], occupy=1):
        work()


@flow
def names():
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(named, range(3)))


@flow
def rate():
    begun = time.monotonic()
    for _ in range(4):
        rate_limit("calls")
    print("took a second:", time.monotonic() - begun > 0.9)


@flow
def strict():
    try:
        with concurrency("nobody", strict=True):
            print("in vain")
    except Exception as error:
        print(type(error).__name__, error)
    with concurrency("nobody"):
        print("without a limit")


@flow
def late():
    try:
        with concurrency("taken", timeout_seconds=1):
            print("in vain")
    except TimeoutError as error:
        print(type(error).__name__)


if __name__ == "__main__":
    {"tags": tags, "names": names, "rate": rate, "strict": strict, "late": late}[sys.argv[1]]()
    print("at most", most, "at once")
