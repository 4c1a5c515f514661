"""The program tests/unit/http_echo.c, which serves HTTP and nothing else, and raw clients for it."""

import json
import resource
import socket
import subprocess
import time

import httpx

from harness.server import build_directory

ECHO = build_directory() / "tests" / "unit" / "http_echo"


class Echo:
    """One http_echo. Its end is checked: every test shows that nothing leaks."""

    def __init__(self, **config):
        allow = config.pop("allow", [])
        files = config.pop("files", None)
        arguments = [f"{name}={value}" for name, value in config.items()]
        self.host = config.get("host", "127.0.0.1")
        self.process = subprocess.Popen(
            [str(ECHO), *arguments, *[f"allow={name}" for name in allow]],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=files and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))))
        line = self.process.stdout.readline()
        assert line.startswith("port "), self.process.stderr.read()
        self.port = int(line.split()[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def connect(self):
        return Client(self.port)

    def exchange(self, data):
        """Sends bytes on a connection of their own and returns the reply."""
        with self.connect() as client:
            client.send(data)
            return client.reply()

    def get(self, path, **options):
        return httpx.get(self.url + path, **options)

    def stats(self):
        return self.get("/stats").json()

    def wait_for(self, name, value, seconds=5):
        """Until a figure in /stats is as expected."""
        deadline = time.monotonic() + seconds
        while (stats := self.stats())[name] != value:
            assert time.monotonic() < deadline, stats
            time.sleep(0.02)
        return stats

    def wait_until_it_stops(self, seconds=5):
        """Until it takes no connection any more."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                self.connect().socket.close()
            except ConnectionRefusedError:
                return
            time.sleep(0.02)
        raise AssertionError("it takes connections still")

    def terminate(self):
        self.process.terminate()
        return self.wait()

    def wait(self, seconds=20):
        output, errors = self.process.communicate(timeout=seconds)
        assert (self.process.returncode, output, errors) == (0, "finished\n", "")


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    @property
    def detail(self):
        assert self.headers["content-type"] == "application/json"
        return self.json()["detail"]


class Client:
    """A raw connection that reads replies one by one."""

    def __init__(self, port, host="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.socket.settimeout(10)
        try:
            self.socket.connect((host, port))
        except OSError:
            self.socket.close()
            raise
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def read_until(self, end):
        while end not in self.rest:
            data = self.socket.recv(65536)
            assert data, f"closed after {self.rest!r}"
            self.rest += data
        found, self.rest = self.rest.split(end, 1)
        return found

    def reply(self, to_head=False):
        lines = self.read_until(b"\r\n\r\n").decode().split("\r\n")
        status = int(lines[0].split()[1])
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        length = 0 if to_head else int(headers.get("content-length", 0))
        parts = [self.rest]
        missing = length - len(self.rest)
        while missing > 0:
            parts.append(self.socket.recv(1 << 20))
            assert parts[-1], "closed within a reply"
            missing -= len(parts[-1])
        data = b"".join(parts)
        self.rest = data[length:]
        return Reply(status, headers, data[:length])

    def is_closed(self, seconds=5):
        """Whether the server closes within that time, having said nothing more."""
        self.socket.settimeout(seconds)
        try:
            return not self.rest and self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


def request(path="/", method="GET", *headers, body=b"", version="1.1", host="localhost"):
    lines = [f"{method} {path} HTTP/{version}"]
    if host is not None:
        lines.append(f"Host: {host}")
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1") + body
