"""Programs with flows, and what the server knows of their runs."""

import json
import re
import subprocess
import time

from harness.server import SANITIZER, build_directory, clean_environment

SECONDS = 60
MADE = re.compile(r"(?:Created|Starting) flow run '([^']+)'")
BEGUN = re.compile(r"Beginning flow run '([^']+)'")  # all that Prefect's client says


class Process:
    """A program with flows. `output` grows while it runs."""

    patience = SECONDS  # for its end

    def __init__(self, server, log, program, *arguments, at=None, **environment):
        self.server, self.log = server, log
        with open(log, "wb") as out:
            self.process = subprocess.Popen(
                [build_directory() / program, *arguments], stdin=subprocess.DEVNULL, stdout=out,
                stderr=out, cwd=at,
                env=clean_environment(**{"FERMATA_API_URL": server.url + "/api"} | environment))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        found = SANITIZER.search(self.output())
        assert not found, f"{found.group()}:\n{self.output()}"

    def output(self):
        return self.log.read_text(errors="replace")

    def expect(self, text):
        wait(lambda: text in self.output(), f"{text!r} in the output", self.output)

    def end(self):
        return self.process.wait(self.patience)

    def run(self):
        """The run that it made last, as the server has it."""
        wait(lambda: BEGUN.search(self.output()), "a run", self.output)
        name = (MADE.findall(self.output()) or BEGUN.findall(self.output()))[-1]
        [run] = self.server.api.post("/flow_runs/filter", json={
            "flow_runs": {"name": {"any_": [name]}}}).json()
        return run


def wait(condition, what, output=lambda: ""):
    deadline = time.monotonic() + SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not come:\n{output()}"
        time.sleep(0.02)
    return found


def read(api, run):
    return api.get(f"/flow_runs/{run['id']}").json()


def wait_for_state(api, run, *names):
    return wait(lambda: (found := read(api, run))["state"]["name"] in names and found,
                f"state {names}")


def input_of(api, run, key):
    reply = api.get(f"/flow_runs/{run['id']}/input/{key}")
    return reply.text if reply.status_code == 200 else None


def wait_for_question(api, process, key="paused-1"):
    """The run of the process once it waits, with its schema."""
    run = process.run()
    wait(lambda: read(api, run)["state"]["type"] == "PAUSED", "a pause", process.output)
    wait(lambda: input_of(api, run, key + "-schema"), "a schema", process.output)
    return run


def resume(api, run, answer):
    return api.post(f"/flow_runs/{run['id']}/resume", json={"run_input": answer}).json()


def send_input(api, run, key, value):
    reply = api.post(f"/flow_runs/{run['id']}/input", json={"key": key, "value": json.dumps(value)})
    assert reply.status_code == 201, reply.text


def log_of(api, run, **filters):
    body = {"logs": {"flow_run_id": {"any_": [run["id"]]}} | filters, "limit": 200}
    return [line["message"] for line in api.post("/logs/filter", json=body).json()]
