"""What others wrote does not get to steer the terminal, whichever command shows it."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.objects import make_run
from harness.terminal import Terminal

HOSTILE = "a\x1b]0;pwned\x07\x1b[2J\u009b31m\u202eb"
HARM = re.compile("\x1b\\[2J|\x1b\\]|\x07|\u009b|\u202e")


def shown(url, *arguments, status=0):
    """All that the command shows on a terminal."""
    with Terminal(*arguments, FERMATA_API_URL=url + "/api", NO_COLOR="1") as terminal:
        assert terminal.wait() == status, terminal.screen
        assert not HARM.search(terminal.screen)
        return terminal.screen


@pytest.fixture
def variable(api):
    api.post("/variables/", json={"name": "hostile", "value": HOSTILE})
    return "hostile"


def test_a_variable(server, variable):
    assert "a\ufffd]0;pwned\ufffd" in shown(server.url, "variable", "get", variable)


def test_json_is_the_same_json(server, variable):
    text = shown(server.url, "variable", "get", "--json", variable)
    assert json.loads(text)["value"] == HOSTILE
    assert json.loads(shown(server.url, "variable", "ls", "--json"))[0]["value"] == HOSTILE


def test_lines_of_a_log(server, api):
    run = make_run(api)
    line = {"name": "test", "level": 20, "message": HOSTILE, "timestamp": "2026-01-01T00:00:00Z",
            "flow_run_id": run["id"]}
    assert api.post("/logs/", json=[line]).status_code == 201
    text = shown(server.url, "flow-run", "logs", "--json", run["id"])
    assert json.loads(text)["message"] == HOSTILE
    assert "a\ufffd]0;pwned\ufffd" in shown(server.url, "flow-run", "logs", run["id"])


class Refusing(BaseHTTPRequestHandler):
    def refuse(self):
        body = json.dumps({"detail": HOSTILE}).encode()
        self.send_response(422)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = refuse

    def log_message(self, *arguments):
        pass


@pytest.mark.parametrize("command", [["run"], ["serve", "--name", "x"]])
def test_the_sentence_of_a_server(command):
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        text = shown(f"http://127.0.0.1:{http.server_port}", *command, "--", "true", status=1)
        http.shutdown()
    assert "a\ufffd]0;pwned\ufffd" in text
