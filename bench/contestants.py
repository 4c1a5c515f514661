"""Who is measured: a class each, with start() and stop(), and for servers `url`, `port`, memory()
and cpu(). Each is given an empty directory of its own, which goes when it is over."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
RESTATE = ROOT / "bench/restate"
START_SECONDS = 120
STOP_SECONDS = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port):
    """Until somebody listens there."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise RuntimeError(f"nobody listens on port {port}")


def clean_environment(**more):
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("FERMATA_", "PREFECT_", "RESTATE_"))}
    return kept | more


class Bare:
    """No server at all: a directory for programs that measure the machine."""

    def __init__(self, directory):
        self.directory = Path(directory)

    def start(self):
        self.directory.mkdir(parents=True, exist_ok=True)

    def stop(self):
        pass


class Process(Bare):
    """A server in a process, perhaps with children."""

    health = "/api/health"

    def __init__(self, directory):
        super().__init__(directory)
        self.port = free_port()
        self.process = None
        self.started_in = None  # seconds from its start to the first good answer

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def command(self):
        raise NotImplementedError

    def environment(self):
        return clean_environment()

    def start(self):
        super().start()
        begun = time.monotonic()
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=self.directory, stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL,
                                            env=self.environment())
        while not self.healthy():
            if self.process.poll() is not None or time.monotonic() - begun > START_SECONDS:
                self.stop()
                raise RuntimeError(f"{type(self).__name__} did not start:\n{self.log()[-4000:]}")
            time.sleep(0.001)
        self.started_in = time.monotonic() - begun

    def healthy(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", self.health)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def log(self):
        return (self.directory / "log").read_text(errors="replace")

    def processes(self):
        """The ids of the process and of all below it."""
        found = [self.process.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                found += [int(child) for child in task.read_text().split()]
        return found

    def memory(self):
        """Bytes of memory of its own and what it shares, in part (PSS)."""
        return sum(int(re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(),
                                 re.M).group(1)) * 1024 for pid in self.processes())

    def cpu(self):
        """Seconds of CPU used up to now."""
        ticks = 0
        for pid in self.processes():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def api(self, method, path, body=None):
        """One request to `url`/api; its reply's JSON. Asks again while a database is locked (503)."""
        for _ in range(20):
            request = urllib.request.Request(
                f"{self.url}/api{path}", method=method,
                data=None if body is None else json.dumps(body).encode(),
                headers={"Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=60) as reply:
                    text = reply.read()
                    return json.loads(text) if text else None
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    raise RuntimeError(f"{method} {path}: {error.code} {error.read()!r}") from None
                time.sleep(0.5)
        raise RuntimeError(f"{method} {path}: always 503")


class Fermata(Process):
    name = "Fermata"

    @property
    def database(self):
        return self.directory / "data/fermata.db"

    def command(self):
        return [BUILD / "fermata", "server", "--port", str(self.port),
                "--data", str(self.directory / "data")]


class Prefect(Process):
    name = "Prefect"

    @property
    def database(self):
        return self.directory / "prefect.db"

    def command(self):
        return [ROOT / ".venv-prefect/bin/python", "-m", "prefect", "server", "start", "--no-ui",
                "--port", str(self.port)]

    def environment(self):
        return clean_environment(PREFECT_HOME=str(self.directory),
                                 PREFECT_API_URL=f"{self.url}/api",
                                 PREFECT_SERVER_ANALYTICS_ENABLED="false")


class HttpAlone(Process):
    """The server's HTTP layer with nothing behind it: it says back what it was sent, as JSON."""

    health = "/"

    def command(self):
        return [BUILD / "tests/unit/http_echo", f"port={self.port}"]


class Restate(Process):
    """Its server, and bench/restate/service.mjs in a process of its own, of which `service_output`
    is what it prints. `port` is that of its HTTP ingress."""

    health = "/restate/health"

    def __init__(self, directory):
        super().__init__(directory)
        self.admin_port, self.node_port, self.service_port = (free_port() for _ in range(3))
        self.service = None

    def command(self):
        found = list(RESTATE.glob("node_modules/@restatedev/restate-server-*/bin/restate-server"))
        if not found:
            raise RuntimeError("Restate is not installed: run `npm ci` in bench/restate")
        return [found[0], "--no-logo"]

    def environment(self):
        return clean_environment(
            RESTATE_BASE_DIR=str(self.directory / "data"), RESTATE_DISABLE_TELEMETRY="true",
            RESTATE_LISTEN_MODE="tcp", RESTATE_BIND_ADDRESS=f"127.0.0.1:{self.node_port}",
            RESTATE_INGRESS__BIND_ADDRESS=f"127.0.0.1:{self.port}",
            RESTATE_ADMIN__BIND_ADDRESS=f"127.0.0.1:{self.admin_port}")

    def start(self):
        super().start()
        self.service = subprocess.Popen(
            ["node", RESTATE / "service.mjs", str(self.service_port)], text=True,
            env=clean_environment(RESTATE_LOGGING="ERROR"), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        wait_for_port(self.service_port)
        self.call(f"http://127.0.0.1:{self.admin_port}/deployments",
                  {"uri": f"http://127.0.0.1:{self.service_port}"})

    def call(self, url, body):
        """Posts JSON; waits until the server takes it, which is some moments after its start."""
        request = urllib.request.Request(url, method="POST", data=json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        for _ in range(100):
            try:
                with urllib.request.urlopen(request, timeout=60) as reply:
                    return json.loads(reply.read() or "null")
            except urllib.error.URLError:
                time.sleep(0.1)
        raise RuntimeError(f"Restate does not take {url}:\n{self.log()[-4000:]}")

    def stop(self):
        if self.service:
            self.service.kill()
            self.service.wait()
            self.service.stdout.close()
        super().stop()
