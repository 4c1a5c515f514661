"""The stock client's work pools and workers: its commands, and its workers running flows."""

import itertools
import json
import re
import signal

import pytest

from harness.deployments import deployment_run
from harness.flows import Process, log_of, resume, wait, wait_for_state
from harness.prefect import PROGRAMS, PYTHON, settings
from harness.runs import ask_for_run, deployment_of, is_alive
from harness.work_pools import read_pool, workers_of

pytestmark = pytest.mark.timeout(240)

FLOWS = "working_in_pools.py"
OFTEN = {"PREFECT_WORKER_QUERY_SECONDS": "1", "PREFECT_WORKER_HEARTBEAT_SECONDS": "1"}


class Client:
    """The stock client, whose commands are given and whose workers run until the end."""

    def __init__(self, server, directory):
        self.server, self.directory = server, directory
        self.numbers = itertools.count()
        self.started = []

    def start(self, *arguments, **environment):
        log = self.directory / f"prefect-{next(self.numbers)}.log"
        own = settings(self.directory, self.server.url) | {"COLUMNS": "1000", "NO_COLOR": "1"}
        self.started.append(Process(self.server, log, PYTHON, "-m", "prefect", "--no-prompt",
                                    *arguments, **own | environment))
        return self.started[-1]

    def command(self, *arguments, status=0):
        """What `prefect ARGUMENTS` shows."""
        process = self.start(*arguments)
        assert process.end() == status, process.output()
        return process.output()

    def worker(self, pool, name, *options, **environment):
        worker = self.start("worker", "start", "--pool", pool, "--name", name, *options,
                            **OFTEN | environment)
        worker.expect(f"Worker '{name}' started!")
        return worker

    def deploy(self, flow, pool, *options, name="pooled"):
        entrypoint = f"{PROGRAMS / FLOWS}:{flow}"
        shown = self.command("deploy", entrypoint, "--name", name, "--pool", pool, *options)
        assert f"Deployment '{flow}/{name}' successfully created" in shown
        return deployment_of(self.server.api, f"{flow}/{name}")

    def close(self):
        for process in self.started:
            process.__exit__()


@pytest.fixture(scope="module")
def client(server, tmp_path_factory):
    client = Client(server, tmp_path_factory.mktemp("prefect"))
    yield client
    client.close()


@pytest.fixture(scope="module")
def shop(client):
    """A pool with a worker, and deployments of all flows in it."""
    client.command("work-pool", "create", "shop", "--type", "process")
    for flow in ("greet", "sleeper", "dies", "asks", "tries"):
        client.deploy(flow, "shop")
    return client.worker("shop", "w1")


def said(api, run, *lines):
    """The run has logged these lines, among others; its process sends them some time later."""
    wait(lambda: [line for line in log_of(api, run) if line in lines] == list(lines),
         f"{lines} in the log", lambda: str(log_of(api, run)))


def ended(api, run):
    return wait_for_state(api, run, "Completed", "Failed", "Crashed", "Cancelled")


# ---- commands ----

def test_commands_of_work_pools(server, client):
    shown = client.command("work-pool", "create", "yard", "--type", "process")
    assert "Created work pool 'yard'!" in shown and "Status: Not ready" in shown
    assert "already exists" in client.command("work-pool", "create", "yard", status=1)
    assert re.search(r"yard\s+│ process\s+│ .* │ None", client.command("work-pool", "ls"))
    assert "Paused work pool 'yard'" in client.command("work-pool", "pause", "yard")
    assert "WorkPoolStatus.PAUSED" in client.command("work-pool", "inspect", "yard")
    assert "Resumed work pool 'yard'" in client.command("work-pool", "resume", "yard")
    shown = client.command("work-pool", "set-concurrency-limit", "yard", "2")
    assert "Set concurrency limit for work pool 'yard' to 2" in shown
    assert "concurrency_limit=2" in client.command("work-pool", "inspect", "yard")
    client.command("work-pool", "clear-concurrency-limit", "yard")
    client.command("work-pool", "update", "yard", "--description", "For wood.")
    pool = read_pool(server.api, {"name": "yard"})
    assert (pool["concurrency_limit"], pool["description"]) == (None, "For wood.")
    assert "No runs found" in client.command("work-pool", "preview", "yard")
    assert "Deleted work pool 'yard'" in client.command("work-pool", "delete", "yard")
    assert "not found" in client.command("work-pool", "inspect", "yard", status=1).lower()


def test_what_a_new_pool_is_made_from(server, client):
    shown = client.command("work-pool", "get-default-base-job-template", "--type", "process")
    own = json.loads(shown)
    told = server.api.get("/collections/views/aggregate-worker-metadata").json()
    ours = told["prefect"]["process"]["default_base_job_configuration"]
    assert ours["job_configuration"] == own["job_configuration"]
    assert set(ours["variables"]["properties"]) == set(own["variables"]["properties"])
    shown = client.command("work-pool", "create", "x", "--type", "shoes", status=1)
    assert "Unknown work pool type 'shoes'" in shown and "process" in shown


def test_commands_of_work_queues(client):
    client.command("work-pool", "create", "dock", "--type", "process")
    pool = ("--pool", "dock")
    shown = client.command("work-queue", "create", "fast", "--limit", "2", "--priority", "1", *pool)
    assert "Created work queue" in shown
    shown = client.command("work-queue", "ls", *pool)
    assert re.search(r"fast\s+│ 1\s+│ 2", shown) and re.search(r"default\s+│ 2\s+│ None", shown)
    assert "paused" in client.command("work-queue", "pause", "fast", *pool)
    shown = client.command("work-queue", "inspect", "fast", *pool)
    assert "WorkQueueStatus.PAUSED" in shown and "healthy=False" in shown
    assert "resumed" in client.command("work-queue", "resume", "fast", *pool)
    assert "limit of 3" in client.command("work-queue", "set-concurrency-limit", "fast", "3", *pool)
    assert "removed" in client.command("work-queue", "clear-concurrency-limit", "fast", *pool)
    assert "Read 0 runs" in client.command("work-queue", "read-runs", "fast", *pool)
    assert "deleted" in client.command("work-queue", "delete", "fast", *pool)
    shown = client.command("work-queue", "inspect", "fast", *pool, status=1)
    assert "No work queue named 'fast' found" in shown


def test_deploying_to_a_pool_that_is_not_there(client):
    shown = client.command("deploy", f"{PROGRAMS / FLOWS}:greet", "--name", "x", "--pool", "none",
                           status=1)
    assert re.search(r"work pool.*'none'.*(not|no longer)|not.*find.*none", shown, re.I | re.S), shown


# ---- workers ----

def test_a_worker_runs_a_deployed_flow(server, client, shop):
    api = server.api
    shown = client.command("deployment", "run", "greet/pooled", "-p", "name=Ada")
    run = {"id": re.search(r"UUID: (\S+)", shown).group(1)}
    run = wait_for_state(api, run, "Completed")
    said(api, run, "Hello, Ada!")
    assert (run["work_pool_name"], run["work_queue_name"]) == ("shop", "default")
    assert run["labels"]["prefect.worker.name"] == "w1"
    assert re.fullmatch(r"\d+", run["infrastructure_pid"])
    assert [(w["name"], w["status"]) for w in workers_of(api, {"name": "shop"})] == [
        ("w1", "ONLINE")]
    assert "WorkPoolStatus.READY" in client.command("work-pool", "inspect", "shop")
    assert deployment_of(api, "greet/pooled")["status"] == "READY"


def test_a_run_is_cancelled_while_it_runs(server, client, shop):
    run = ask_for_run(server.api, "sleeper/pooled")
    begun = wait(lambda: [line for line in log_of(server.api, run) if "asleep in" in line], "sleep")
    pid = int(begun[0].split()[-1])
    assert is_alive(pid)
    shown = client.command("flow-run", "cancel", run["id"])
    assert "successfully scheduled for cancellation" in shown.replace("\n", " ")
    assert ended(server.api, run)["state"]["name"] == "Cancelled"
    wait(lambda: not is_alive(pid), "the end of the process")


def test_a_run_whose_process_dies_has_crashed(server, shop):
    run = ended(server.api, ask_for_run(server.api, "dies/pooled"))
    assert run["state"]["type"] == "CRASHED" and "-9" in run["state"]["message"]


def test_a_suspended_run_goes_on_with_a_worker(server, shop):
    api = server.api
    run = ask_for_run(api, "asks/pooled")
    wait_for_state(api, run, "Suspended")
    wait(lambda: resume(api, run, {"value": "Ada"})["status"] == "ACCEPT", "the schema")
    assert wait_for_state(api, run, "Completed")["work_pool_name"] == "shop"
    said(api, run, "asks: Ada")


def test_a_run_is_tried_again_in_its_own_process(server, shop):
    run = wait_for_state(server.api, ask_for_run(server.api, "tries/pooled"), "Completed")
    assert run["run_count"] == 2
    said(server.api, run, "try 1", "try 2")


def test_two_workers_run_each_run_once(server, client):
    api = server.api
    client.command("work-pool", "create", "pair", "--type", "process")
    client.command("work-pool", "set-concurrency-limit", "pair", "3")
    client.deploy("greet", "pair", name="paired")
    deployment = deployment_of(api, "greet/paired")
    runs = [deployment_run(api, deployment, parameters={"name": str(i)}) for i in range(6)]
    workers = [client.worker("pair", name) for name in ("left", "right")]
    for run, i in zip(runs, itertools.count()):
        run = wait_for_state(api, run, "Completed")
        assert run["run_count"] == 1
        said(api, run, f"Hello, {i}!")
    submitted = [line for worker in workers for line in worker.output().split("\n")
                 if "submitted to infrastructure" in line]
    assert len(submitted) == len(runs)


def test_a_paused_pool_holds_its_runs_back(server, client, shop):
    client.command("work-pool", "pause", "shop")
    run = ask_for_run(server.api, "greet/pooled")
    wait_for_state(server.api, run, "Late")
    client.command("work-pool", "resume", "shop")
    wait_for_state(server.api, run, "Completed")


def test_a_worker_that_is_killed_is_seen_to_be_gone(server, client):
    client.command("work-pool", "create", "lone", "--type", "process")
    worker = client.worker("lone", "lost")
    pool = {"name": "lone"}
    wait(lambda: read_pool(server.api, pool)["status"] == "READY", "the worker")
    worker.process.kill()
    wait(lambda: workers_of(server.api, pool)[0]["status"] == "OFFLINE", "its end")
    assert read_pool(server.api, pool)["status"] == "NOT_READY"


def test_a_worker_makes_the_pool_that_it_is_for(server, client):
    worker = client.worker("fresh", "first", "--type", "process")
    pool = read_pool(server.api, {"name": "fresh"})
    assert pool["type"] == "process" and pool["base_job_template"]["job_configuration"]
    worker.process.send_signal(signal.SIGINT)
    worker.end()


def test_a_deployments_schedule_is_paused_and_resumed(server, client, shop):
    deployment = client.deploy("greet", "shop", "--interval", "3600", name="hourly")
    [schedule] = deployment["schedules"]

    def waiting_runs():
        return server.api.post("/flow_runs/count", json={"flow_runs": {
            "deployment_id": {"any_": [deployment["id"]]},
            "state": {"type": {"any_": ["SCHEDULED"]}}}}).json()

    wait(lambda: waiting_runs() >= 3, "scheduled runs")
    client.command("deployment", "schedule", "pause", "greet/hourly", schedule["id"])
    wait(lambda: waiting_runs() == 0, "their end")
    client.command("deployment", "schedule", "resume", "greet/hourly", schedule["id"])
    wait(lambda: waiting_runs() >= 3, "scheduled runs")
    client.command("deployment", "delete", "greet/hourly")
    assert server.api.get("/deployments/name/greet/hourly").status_code == 404


def test_the_end_of_the_worker(server, client, shop):
    shop.process.send_signal(signal.SIGINT)
    shop.end()
    wait(lambda: read_pool(server.api, {"name": "shop"})["status"] == "NOT_READY", "its silence")
