"""Flows that send each other input: talking.py NAME [ID...]."""

import asyncio
import sys

from prefect import flow
from prefect.context import get_run_context
from prefect.input import RunInput
from prefect.input.run_input import receive_input, send_input
from pydantic import BaseModel

OFTEN = {"poll_interval": 0.1}


class Order(RunInput):
    dish: str
    count: int


class Spot(RunInput):
    x: float
    y: float


class Place(BaseModel):
    """The client can receive one of these, but not send it."""

    x: float
    y: float


def say(*words):
    print(*words, flush=True)


# ---- a conversation: the waiter's run is told to the guest ----

@flow
async def waiter(started):
    started.set_result(get_run_context().flow_run.id)
    async for order in Order.receive(timeout=30, **OFTEN):
        if order.count == 0:
            return
        await order.respond(Order(dish=f"{order.dish} is served", count=order.count))


@flow
async def guest(waiter_id):
    dishes = Order.receive(timeout=30, **OFTEN)
    for count, dish in enumerate(("soup", "crème brûlée"), start=1):
        await Order(dish=dish, count=count).send_to(waiter_id)
        served = await dishes.next()
        say("guest:", served.dish, served.count)
    await Order(dish="", count=0).send_to(waiter_id)


async def converse():
    started = asyncio.get_running_loop().create_future()
    serving = asyncio.ensure_future(waiter(started))
    await guest(await started)
    await serving
    say("the waiter has gone")


# ---- what a receiver may ask for ----

@flow
async def receives():
    run_id = get_run_context().flow_run.id
    for value in ("one", "two", 3, [4, 5]):
        await send_input(value, flow_run_id=run_id)
    await Spot(x=1, y=-0.5).send_to(run_id, key_prefix="placeruninput-auto")
    await send_input("private", flow_run_id=run_id, key_prefix="secret")

    words, keys = [], set()
    async for word in receive_input(str, with_metadata=True, timeout=0.5, **OFTEN):
        words.append(word.value)
        keys.add(word.metadata.key)
    say("words:", words, "sender:", word.metadata.sender == f"prefect.flow-run.{run_id}")
    say("number:", await receive_input(int, **OFTEN).next())
    say("list:", await receive_input(list[int], **OFTEN).next())
    place = await receive_input(Place, **OFTEN).next()
    say("place:", place.x, place.y, isinstance(place, Place))
    say("prefix:", await receive_input(str, key_prefix="secret", **OFTEN).next())
    await send_input("three", flow_run_id=run_id)
    say("new:", [word async for word in receive_input(str, exclude_keys=keys, timeout=0.5, **OFTEN)])
    try:
        async for _ in receive_input(bool, timeout=0.5, raise_timeout_error=True, **OFTEN):
            say("a bool came")
    except TimeoutError:
        say("no bool came")


@flow
def receives_without_async():
    run_id = get_run_context().flow_run.id
    send_input("plain", flow_run_id=run_id)
    say("without async:", list(receive_input(str, timeout=0.3, **OFTEN)))


# ---- from outside ----

@flow
async def listens():
    say("outside:", await receive_input(str, timeout=30, **OFTEN).next())


def tell(run_id):
    send_input("from no flow", flow_run_id=run_id)


def main(name, *arguments):
    if name == "converse":
        asyncio.run(converse())
    elif name == "tell":
        tell(*arguments)
    else:
        for one in (receives, listens, receives_without_async):
            if one.__name__ == name:
                asyncio.run(one()) if one.isasync else one()


if __name__ == "__main__":
    main(*sys.argv[1:])
