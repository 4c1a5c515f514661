"""Programs of the stock Prefect client, those of tests/e2e/python, and what the server has of them."""

import itertools
import signal

from harness.flows import Process, wait
from harness.prefect import CLIENTS, PROGRAMS, settings


class Programs:
    """programs("pausing.py"): that program, running on one version of the client, which says
    nothing but what its user sees. All of one have the same PREFECT_HOME."""

    def __init__(self, server, version, directory):
        self.server, self.python, self.directory = server, CLIENTS[version], directory
        self.numbers = itertools.count()
        self.started = []

    def __call__(self, program, *arguments, **environment):
        return self._start(PROGRAMS / program, *arguments, **environment)

    def command(self, *arguments):
        """The exit status of `prefect ARGUMENTS`, and its output."""
        process = self._start("-m", "prefect", *arguments)
        return process.end(), process.output()

    def close(self):
        for process in self.started:
            process.__exit__()

    def _start(self, *arguments, **environment):
        log = self.directory / f"python-{next(self.numbers)}.log"
        own = settings(self.directory, self.server.url) | {"COLUMNS": "1000"}
        self.started.append(Process(self.server, log, self.python, *arguments, **own | environment))
        return self.started[-1]


def interrupt(process):
    """Ctrl-C; the exit status."""
    process.process.send_signal(signal.SIGINT)
    return process.end()


def runs_of(api, flow):
    """The runs of the flow of that name, the latest first."""
    return api.post("/flow_runs/filter", json={"flows": {"name": {"any_": [flow]}},
                                               "sort": "EXPECTED_START_TIME_DESC"}).json()


def run_of(api, flow, *states, output=lambda: ""):
    """The latest run of the flow of that name, once it is in one of these states."""
    return wait(lambda: next((run for run in runs_of(api, flow)[:1] if run["state_name"] in states),
                             None), f"a run of {flow} in {states}", output)
