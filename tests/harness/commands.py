"""Prefect's client at one server: its commands, and programs of tests/e2e/python, to their end."""

import itertools

from harness.flows import Process
from harness.prefect import PROGRAMS, PYTHON, settings


class Prefect:
    def __init__(self, server, directory):
        self.server, self.directory = server, directory
        self.numbers = itertools.count()

    def run(self, *arguments):
        """What `python ARGUMENTS` said, and its exit status."""
        log = self.directory / f"prefect-{next(self.numbers)}.log"
        own = settings(self.directory, self.server.url) | {"COLUMNS": "400"}
        with Process(self.server, log, PYTHON, *arguments, **own) as process:
            status = process.end()
        return process.output(), status

    def program(self, name, *arguments):
        output, status = self.run(PROGRAMS / name, *arguments)
        assert status == 0, output
        return output

    def __call__(self, command):
        """What `prefect COMMAND` said, which must have been done."""
        output, status = self.run("-m", "prefect", "--no-prompt", *command.split())
        assert status == 0, output
        return output

    def refuses(self, command):
        """What `prefect COMMAND` said, which must not have been done."""
        output, status = self.run("-m", "prefect", "--no-prompt", *command.split())
        assert status == 1 and "Traceback" not in output, output
        return output
