"""A server under test: the real binary, in a process of its own."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import httpx

from harness.contract import Contract

ROOT = Path(__file__).resolve().parents[2]
READY = re.compile(r"ready at (https?://[^\s\",]+)")
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: \w+Sanitizer|runtime error:")
START_SECONDS = 60
STOP_SECONDS = 30


def build_directory():
    """$FERMATA_BUILD, or the sanitized build if there is one, or the plain one."""
    if "FERMATA_BUILD" in os.environ:
        return Path(os.environ["FERMATA_BUILD"])
    sanitized = ROOT / "build-sanitize"
    return sanitized if (sanitized / "fermata").exists() else ROOT / "build"


def clean_environment(**more):
    """This process's environment without settings of Fermata's or of Prefect's, and with `more`."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("FERMATA_", "PREFECT_"))}
    return kept | more


class Server:
    """Starts with start() or as a context manager, which also asserts a clean end.

    `directory` holds the log and, in `data`, the server's data; both outlive restarts, and so does
    the port. `url` is the server's address, `api` an httpx.Client of what is below `url`/api whose
    every reply must fit the server's own /openapi.json.
    """

    def __init__(self, directory, *options, **environment):
        self.data = Path(directory) / "data"
        self.log_path = Path(directory) / "server.log"
        self.options = options
        self.environment = environment
        self.port = 0
        self.url = None
        self.api = None
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *error):
        self.close()

    def start(self):
        begun = self.log_path.stat().st_size if self.log_path.exists() else 0
        command = [build_directory() / "fermata", "server", "--port", str(self.port),
                   "--data", self.data, *self.options]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=clean_environment(**self.environment))
        self.url = self._wait_until_ready(begun)
        self.port = httpx.URL(self.url).port
        if self.api is None:
            self.api = self.client()
        return self

    def client(self, **options):
        """One more client like `api`."""
        contract = Contract.of(self.url)
        return httpx.Client(base_url=self.url + "/api", timeout=60, trust_env=False,
                            event_hooks={"response": [contract.check]}, **options)

    def kill9(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Ends the server with SIGTERM and asserts that it ended well."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise AssertionError(f"the server did not stop:\n{self.log()}") from None
        assert status == 0, f"the server's exit status is {status}:\n{self.log()}"

    def restart(self):
        """Starts the server again on the same data and port, stopping it first if it runs."""
        if self.process.poll() is None:
            self.stop()
        return self.start()

    def close(self):
        """Stops the server if it runs, and asserts that no sanitizer had anything to say."""
        if self.api is not None:
            self.api.close()
        if self.process is not None and self.process.returncode is None:
            self.stop()
        found = SANITIZER.search(self.log())
        assert not found, f"{found.group()} in the server's log:\n{self.log()}"

    def log(self):
        return self.log_path.read_text(errors="replace")

    def _wait_until_ready(self, offset):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            ended = self.process.poll() is not None
            text = self.log_path.read_bytes()[offset:].decode(errors="replace")
            if ready := READY.search(text):
                return ready.group(1).rstrip("/")
            if ended:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{text}")
            time.sleep(0.02)
        self.kill9()
        raise AssertionError(f"the server was not ready in {START_SECONDS} s:\n{text}")
