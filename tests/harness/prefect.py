"""Prefect's own clients and server, as they come from PyPI, in the virtual environments that
script/bootstrap --tests made of tests/requirements-prefect*.txt."""

import socket
import subprocess
import time

import httpx

from harness.server import ROOT, clean_environment

CLIENTS = {"3.8": ROOT / ".venv-prefect/bin/python", "3.4": ROOT / ".venv-prefect-3.4/bin/python"}
PYTHON = CLIENTS["3.8"]
PROGRAMS = ROOT / "tests/e2e/python"
START_SECONDS = 120


def settings(directory, url):
    """What a Python flow finds in its environment: its files are in `directory`, its server is at
    `url`."""
    return {"PREFECT_HOME": str(directory), "PREFECT_API_URL": url + "/api",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PYTHONUNBUFFERED": "1"}


class Patient(httpx.HTTPTransport):
    """Asks again where the server's database was locked, as Prefect's own client does."""

    def handle_request(self, request):
        for _ in range(10):
            response = super().handle_request(request)
            if response.status_code != 503:
                break
            response.close()
            time.sleep(0.5)
        return response


class PrefectServer:
    """A context manager with the parts of harness.server.Server that clients need: url and api."""

    def __init__(self, directory):
        self.directory = directory
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.api = httpx.Client(base_url=self.url + "/api", timeout=60, transport=Patient())
        self.process = None

    def __enter__(self):
        with open(self.directory / "server.log", "wb") as log:
            self.process = subprocess.Popen(
                [PYTHON, "-m", "prefect", "server", "start", "--port", str(self.port), "--no-ui"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory,
                env=clean_environment(**settings(self.directory, self.url)))
        self._wait_until_healthy()
        return self

    def __exit__(self, *error):
        self.api.close()
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _wait_until_healthy(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if self.api.get("/health").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        self.process.kill()
        raise AssertionError((self.directory / "server.log").read_text(errors="replace"))
