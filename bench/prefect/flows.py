"""What flows.c does, for Prefect, with the same arguments. Intervals between looks are the guide's
for receiving and Prefect's own for all else; a pause before each end of a wait is as long as drawn
by lot up to `pause`, so that ends fall anywhere between two looks."""

import random
import sys
import time

from prefect import flow, pause_flow_run
from prefect.client.orchestration import get_client
from prefect.context import get_run_context
from prefect.deployments import run_deployment
from prefect.flow_runs import resume_flow_run
from prefect.input.run_input import receive_input, send_input


def stamp():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def print_time_since(begun):
    print(stamp() - begun, flush=True)


def print_run_id():
    print(get_run_context().flow_run.id, flush=True)


def sleep_up_to(milliseconds):
    time.sleep(random.uniform(0, milliseconds) / 1000)


@flow
def receive(count):
    print_run_id()
    for begun in receive_input(int, timeout=60, poll_interval=0.1):
        print_time_since(begun)
        count -= 1
        if count == 0:
            break


@flow
def send(count, pause, run):
    for _ in range(count):
        sleep_up_to(pause)
        send_input(stamp(), flow_run_id=run)


@flow
def pause_often(count):
    print_run_id()
    for _ in range(count):
        print_time_since(pause_flow_run(wait_for_input=int))


@flow
def answer(count, pause, run):
    with get_client(sync_client=True) as client:
        for _ in range(count):
            while not client.read_flow_run(run).state.is_paused():
                time.sleep(0.1)
            time.sleep(0.1)  # until the pause's schema is there
            sleep_up_to(pause)
            resume_flow_run(run, run_input={"value": stamp()})


@flow
def first_line(stamp: int):
    print_time_since(stamp)


@flow
def start(count, pause):
    for _ in range(count):
        sleep_up_to(pause)
        run_deployment("first-line/bench", parameters={"stamp": stamp()}, as_subflow=False)


def serve():
    first_line.serve(name="bench", print_starting_message=False)


DOES = {"receive": receive, "send": send, "pause": pause_often, "answer": answer, "serve": serve,
        "start": start}


def main():
    arguments = dict(argument.split("=", 1) for argument in sys.argv[1:])
    what = arguments.pop("what")
    options = {name: value if name == "run" else int(value) for name, value in arguments.items()}
    DOES[what](**options)


if __name__ == "__main__":
    main()
