"""Flows that pause for input, each in a thread: pausing.py [FLOW...]; without names, all of them.
pausing.py resume ID JSON answers one."""

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pydantic
from prefect import flow
from prefect.flow_runs import pause_flow_run, resume_flow_run
from prefect.input import RunInput
from prefect.logging import get_run_logger

EVERY = 1  # second: the poll interval


@flow
def greets():
    get_run_logger().info(f"Hello, {pause_flow_run(wait_for_input=str, poll_interval=EVERY)}!")


@flow
def sums():
    numbers = pause_flow_run(wait_for_input=list[int], poll_interval=EVERY)
    get_run_logger().info(f"sums: {numbers} {sum(numbers)}")


class User(pydantic.BaseModel):
    name: str
    age: int


@flow
async def knows():
    user = await pause_flow_run(wait_for_input=User, poll_interval=EVERY)
    get_run_logger().info(f"knows: {user.name} {user.age} {isinstance(user, User)}")


class Visitor(RunInput):
    name: str
    age: int


@flow
async def welcomes():
    """With initial data and a description."""
    asked = Visitor.with_initial_data(name="anonymous", description="**Who** are you?\n\n- really")
    visitor = await pause_flow_run(wait_for_input=asked, poll_interval=EVERY)
    get_run_logger().info(f"welcomes: {visitor.name} {visitor.age}")


class Shirt(RunInput):
    size: Literal["small", "medium"]
    colour: Literal["red", "green"]

    @pydantic.model_validator(mode="after")
    def is_in_stock(self):
        if self.colour == "green" and self.size == "small":
            raise ValueError("green is there in medium only")
        return self


@flow
def sells():
    """Asks again until its own validator has nothing to say."""
    shirt = None
    while shirt is None:
        try:
            shirt = pause_flow_run(wait_for_input=Shirt, poll_interval=EVERY)
        except pydantic.ValidationError as error:
            get_run_logger().error(f"sells: {error.errors()[0]['msg']}")
    get_run_logger().info(f"sells: {shirt.size} {shirt.colour}")


@flow
def approves():
    """No input, twice, once with a key of its own."""
    pause_flow_run(poll_interval=EVERY)
    get_run_logger().info("approves: once")
    pause_flow_run(poll_interval=EVERY, key="again")
    get_run_logger().info("approves: twice")


@flow
def gives_up():
    pause_flow_run(wait_for_input=str, timeout=2, poll_interval=EVERY)


FLOWS = (greets, sums, knows, welcomes, sells, approves, gives_up)


def run(one):
    try:
        asyncio.run(one()) if one.isasync else one()
        print(f"{one.name}: has ended", flush=True)
    except Exception as error:
        print(f"{one.name}: {type(error).__name__}: {error}", flush=True)


def main(*arguments):
    if arguments and arguments[0] == "resume":
        return resume_flow_run(arguments[1], run_input=json.loads(arguments[2]))
    chosen = [one for one in FLOWS if not arguments or one.name in arguments]
    with ThreadPoolExecutor(len(chosen)) as threads:
        list(threads.map(run, chosen))


if __name__ == "__main__":
    main(*sys.argv[1:])
