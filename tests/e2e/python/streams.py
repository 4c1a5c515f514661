"""What the stock Prefect client does with streams, a line of output for each thing that comes:
streams.py emit RESOURCE COUNT | events RESOURCE COUNT | logs RUN COUNT | follow RUN"""

import asyncio
import sys
from uuid import UUID

from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.events import Event, Resource
from prefect.events.clients import PrefectEventsClient, PrefectEventSubscriber
from prefect.events.filters import EventFilter, EventResourceFilter
from prefect.events.subscribers import FlowRunSubscriber
from prefect.logging.clients import PrefectLogsSubscriber


async def emit(resource, count):
    """Sends events, one each 20 ms, and waits for receipts each five events."""
    async with PrefectEventsClient(checkpoint_every=5) as client:
        for i in range(int(count)):
            await client.emit(Event(event=f"test.{i}",
                                    resource=Resource({"prefect.resource.id": resource})))
            print(f"sent {i}")
            await asyncio.sleep(0.02)
        await client._force_checkpoint()
        print(f"unconfirmed {len(client._unconfirmed_events)}")


async def events(resource, count):
    async with PrefectEventSubscriber(
            filter=EventFilter(resource=EventResourceFilter(id=[resource]))) as subscriber:
        print("following")
        for _ in range(int(count)):
            event = await anext(subscriber)
            print(f"{event.event} {event.id}")


async def logs(run, count):
    async with PrefectLogsSubscriber(
            filter=LogFilter(flow_run_id=LogFilterFlowRunId(any_=[UUID(run)]))) as subscriber:
        print("following")
        for _ in range(int(count)):
            print((await anext(subscriber)).message)


async def follow(run):
    async with FlowRunSubscriber(flow_run_id=UUID(run), straggler_timeout=1) as subscriber:
        print("following")
        async for item in subscriber:
            print(item.event if isinstance(item, Event) else f"log {item.message}")
    print("ended")


if __name__ == "__main__":
    command = {"emit": emit, "events": events, "logs": logs, "follow": follow}[sys.argv[1]]
    asyncio.run(command(*sys.argv[2:]))
