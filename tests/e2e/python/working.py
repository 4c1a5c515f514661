"""What flows do beside talking: working.py, which ends with status 0 if none did what it should not."""

from prefect import flow, task
from prefect.logging import get_run_logger
from prefect.variables import Variable

tries = {"flaky": 0, "second_try": 0}


@task
def double(number):
    get_run_logger().info(f"doubling {number}")
    return 2 * number


@task(retries=2, retry_delay_seconds=0.1)
def flaky():
    tries["flaky"] += 1
    if tries["flaky"] < 3:
        raise ValueError("not yet")
    return "at the third try"


@task
def broken():
    raise ValueError("a task of it failed")


@flow(log_prints=True)
def works():
    first = double.submit(1)
    second = double.submit(first)
    print("one after the other:", second.result())
    print("mapped:", double.map([1, 2, 3]).result())
    print("flaky:", flaky())
    try:
        broken()
    except ValueError as error:
        print("broken:", error)


@flow
def child(number):
    return number + 1


@flow(log_prints=True)
def parent():
    print("children:", child(1), child(2))


@flow(retries=1, retry_delay_seconds=0.2)
def second_try():
    tries["second_try"] += 1
    if tries["second_try"] == 1:
        raise ValueError("the first try")


@flow
def fails():
    raise ValueError("it had to be")


@flow
def logs():
    logger = get_run_logger()
    for level in ("debug", "info", "warning", "error", "critical"):
        getattr(logger, level)(f"as {level}: żółć")


@flow(log_prints=True)
def remembers():
    print("none:", Variable.get("working", default="nothing yet"))
    Variable.set("working", {"count": 1, "of": ["é", None]})
    print("set:", Variable.get("working"))
    try:
        Variable.set("working", 2)
    except ValueError as error:
        print("refused:", error)
    Variable.set("working", 2, overwrite=True, tags=["t"])
    print("overwritten:", Variable.get("working"))
    print("unset:", Variable.unset("working"), Variable.unset("working"))
    try:
        Variable.set("No Name!", 1)
    except Exception as error:
        print("bad name:", type(error).__name__)


if __name__ == "__main__":
    for one in (works, parent, second_try, logs, remembers):
        one()
    try:
        fails()
    except ValueError as error:
        print("fails:", error, flush=True)
