"""Served flows, and those who have them run: serving.py serve | alone | now | wait | bad | within |
send ID WORD."""

import asyncio
import sys
import time
import uuid

from prefect import flow, serve, task
from prefect.context import get_run_context
from prefect.deployments import run_deployment
from prefect.flow_runs import suspend_flow_run
from prefect.input.run_input import receive_input, send_input
from prefect.variables import Variable
from pydantic import BaseModel


class User(BaseModel):
    name: str


@flow(log_prints=True)
def add(a: int, b: int = 2):
    """Adds two numbers."""
    print(f"{a} + {b} = {a + b}")


@task(persist_result=True)
def once():
    return str(uuid.uuid4())


@flow(persist_result=True, log_prints=True)
def asks():
    """Goes on in a process of its own after each answer; its task is not run again."""
    print("once:", once())
    user = suspend_flow_run(wait_for_input=User, timeout=600)
    print("asks:", user.name)
    suspend_flow_run(timeout=600)
    print("asks: done")


@flow(log_prints=True)
async def greeter():
    """Suspends when nobody has said anything for a while, and then remembers whom it has greeted."""
    name = f"{get_run_context().flow_run.id}-seen"
    seen = await Variable.get(name) or []
    words = receive_input(str, with_metadata=True, poll_interval=0.1, timeout=2,
                          raise_timeout_error=True, exclude_keys=seen)
    try:
        async for word in words:
            if word.value == "bye":
                return
            print("greeter: hello,", word.value)
            seen.append(word.metadata.key)
            await Variable.set(name, seen, overwrite=True)
    except TimeoutError:
        await suspend_flow_run(timeout=600, key=f"after-{len(seen)}")  # each key suspends once


@flow(log_prints=True)
def sleeper():
    print("sleeper: asleep")
    time.sleep(60)


@flow(log_prints=True)
async def caller():
    run = await run_deployment("add/adder", parameters={"a": 40}, timeout=60, poll_interval=0.2)
    print("within:", run.state.name)


def now():
    first, again = (run_deployment("add/adder", parameters={"a": 1}, timeout=0, as_subflow=False,
                                   idempotency_key="once") for _ in range(2))
    print("now:", first.state.name, first.id == again.id)


def wait():
    print("wait:", run_deployment("add/adder", parameters={"a": 3}, timeout=60, poll_interval=0.2).state.name)


def bad():
    for parameters, name in (({"a": "x"}, "add/adder"), ({}, "add/nobody")):
        try:
            run_deployment(name, parameters=parameters, timeout=0)
        except Exception as error:
            print("bad:", type(error).__name__, error)


if __name__ == "__main__":
    what, arguments = sys.argv[1], sys.argv[2:]
    if what == "serve":
        serve(*(one.to_deployment(name) for one, name in (
            (add, "adder"), (asks, "asks"), (greeter, "greeter"), (sleeper, "sleeper"))))
    elif what == "alone":
        add.serve(name="alone", description="Adds **two** numbers.", tags=["sums"], version="7")
    elif what == "send":
        send_input(arguments[1], flow_run_id=arguments[0])
    elif what == "within":
        asyncio.run(caller())
    else:
        {"now": now, "wait": wait, "bad": bad}[what]()
