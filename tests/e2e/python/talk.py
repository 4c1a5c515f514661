"""Flows for the stock Prefect client that talk to flows in C, see ../test_python.py:
talk.py greeter | mover | oracle | sender ID | doubler ID | resume ID JSON"""

import asyncio
import json
import sys

from prefect import flow
from prefect.flow_runs import resume_flow_run
from prefect.input import RunInput
from prefect.input.run_input import receive_input, send_input
from pydantic import BaseModel


class Point(BaseModel):
    """Its class is renamed when it is received. The client cannot send one of these."""

    x: float
    y: float
    label: str | None = None


class Place(RunInput):
    x: float
    y: float
    label: str | None = None


@flow
async def greeter():
    async for name in receive_input(str, with_metadata=True, poll_interval=0.1, timeout=30):
        if name.value == "__EXIT__":
            return
        await name.respond(f"Hello, {name.value}!")


@flow
async def oracle():
    """Answers two questions that a flow in C asks; the answers' keys name the questions."""
    questions = receive_input(str, with_metadata=True, poll_interval=0.1, timeout=30)
    for _ in range(2):
        question = await questions.next()
        name = question.metadata.key.split("-ask-")[1]
        await question.respond(f"{question.value} Certainly.", key_prefix=f"answer-{name}")


@flow
async def mover():
    point = await receive_input(Point, with_metadata=True, poll_interval=0.1, timeout=30).next()
    await point.respond(Place(x=point.x + 1, y=point.y + 1, label="the \u00e9toile"))


@flow
async def sender(partner: str):
    greetings = receive_input(str, poll_interval=0.1, timeout=30)
    for name in ("andrew", 'Zo\u00eb "Z"'):
        await send_input(name, flow_run_id=partner)
        print(await greetings.next(), flush=True)
    await send_input("__EXIT__", flow_run_id=partner)


@flow
async def doubler(partner: str):
    lists = receive_input(list[int], poll_interval=0.1, timeout=30)
    points = receive_input(Place, poll_interval=0.1, timeout=30)
    await send_input([1, 2, 3], flow_run_id=partner)
    await send_input(Place(x=0.1, y=-3, label="p"), flow_run_id=partner)
    point = await points.next()
    print(await lists.next(), point.x, point.y, point.label, flush=True)


if __name__ == "__main__":
    name, arguments = sys.argv[1], sys.argv[2:]
    if name == "resume":
        resume_flow_run(arguments[0], run_input=json.loads(arguments[1]))
    else:
        asyncio.run(globals()[name](*arguments))
