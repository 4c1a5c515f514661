"""Runs of served deployments, and the processes that they have."""

from pathlib import Path

from harness.flows import wait_for_state
from harness.server import build_directory

# Of a process that waits for its run; ThreadSanitizer has one of its own.
THREADS = 2 if build_directory().name == "build-tsan" else 1


def deployment_of(api, name):
    return api.get(f"/deployments/name/{name}").json()


def ask_for_run(api, name, **parameters):
    """A new run of the deployment "flow/deployment", due now."""
    reply = api.post(f"/deployments/{deployment_of(api, name)['id']}/create_flow_run",
                     json={"state": {"type": "SCHEDULED"}, "parameters": parameters})
    assert reply.status_code == 201, reply.text
    return reply.json()


def wait_for_end(api, run):
    return wait_for_state(api, run, "Completed", "Failed", "Crashed", "Cancelled", "TimedOut")


def children_of(pid):
    return [int(child) for children in Path(f"/proc/{pid}/task").glob("*/children")
            for child in children.read_text().split()]


def has_run(pid):
    try:
        return len(list(Path(f"/proc/{pid}/task").iterdir())) > THREADS
    except FileNotFoundError:
        return False


def processes_of(pid):
    """Those of the runner that have a run."""
    return [child for child in children_of(pid) if has_run(child)]


def spare_of(pid):
    """The runner's process for its next run, or None."""
    return next((child for child in children_of(pid) if not has_run(child)), None)


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False
