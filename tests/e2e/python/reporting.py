"""Task runs of every kind, which the client reports by events alone: reporting.py."""

import uuid
from datetime import timedelta

from prefect import flow, task
from prefect.cache_policies import INPUTS

tries = 0


@task
def one():
    return 1


@task
def add(a, b):
    return a + b


@task(retries=1, retry_delay_seconds=0.1)
def flaky():
    global tries
    tries += 1
    if tries == 1:
        raise ValueError("the first try")


@task(cache_policy=INPUTS, cache_expiration=timedelta(days=1), persist_result=True)
def remembered(word):
    return word


@task
def broken():
    raise ValueError("it had to be")


@task
def after():
    return "after"


@flow
def reports():
    first = one.submit()
    both = add.submit(first, 2)
    after.submit(wait_for=[both]).wait()
    flaky()
    word = str(uuid.uuid4())
    remembered(word)
    remembered(word)
    try:
        broken()
    except ValueError:
        pass
    return both.result()


if __name__ == "__main__":
    print("sum:", reports())
