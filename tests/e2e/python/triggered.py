"""A served flow with an automation of its own."""

from prefect import flow
from prefect.events import DeploymentEventTrigger


@flow
def triggered():
    pass


if __name__ == "__main__":
    triggered.serve("by-events", triggers=[DeploymentEventTrigger(expect={"prefect.flow-run.Failed"})])
