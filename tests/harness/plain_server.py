"""What may stand in front of a real server: one without what is Fermata's own (no waiting reads, no
tags, no leases), and a gateway."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import httpx

HOP = {"host", "connection"}
OWN = {"prefer", "if-none-match", "fermata-lease", "idempotency-key"}


class Handler(BaseHTTPRequestHandler):
    """Hands requests on to the real server, without the headers that are Fermata's own."""

    protocol_version = "HTTP/1.1"
    dropped = HOP | OWN
    given_back = ()

    def hand_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items()
                   if name.lower() not in self.dropped}
        reply = httpx.request(self.command, self.server.url + self.path, content=body,
                              headers=headers, trust_env=False, timeout=60)
        front = self.server.front
        if front.losing and self.path.endswith(front.losing):
            front.losing = None
            self.close_connection = True
            return
        self.send_response(reply.status_code)
        self.send_header("Content-Type", reply.headers.get("Content-Type", "application/json"))
        for name in self.given_back:
            if name in reply.headers:
                self.send_header(name, reply.headers[name])
        if reply.status_code != 204:
            self.send_header("Content-Length", str(len(reply.content)))
        self.end_headers()
        self.wfile.write(reply.content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = hand_on

    def log_message(self, *arguments):
        pass


class Gateway(Handler):
    """Hands on all there is, or says that the server is away, or fails for what ends as `failing`
    says."""

    dropped = HOP
    given_back = ("ETag", "Preference-Applied")

    def hand_on(self):
        front = self.server.front
        fails = front.failing and self.path.endswith(front.failing)
        if not front.is_away and not fails:
            front.asked.append(self.path)
            return super().hand_on()
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        front.refused.append(self.path)
        self.send_response(500 if fails else 503)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = hand_on


@contextlib.contextmanager
def _in_front(server, handler):
    """With what harness.flows.Process wants of a server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        http.url = server.url
        http.daemon_threads = True
        http.block_on_close = False
        http.front = SimpleNamespace(url=f"http://127.0.0.1:{http.server_port}", api=server.api,
                                     is_away=False, failing=None, losing=None, asked=[],
                                     refused=[])
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield http.front
        http.shutdown()


def plain_server(server):
    return _in_front(server, Handler)


def gateway(server, handler=Gateway):
    """`is_away` and `failing` may be set, and `losing`: what ends so is handed on, and its reply lost, once. `asked` and `refused` list the paths of what was handed on and what was
    not."""
    return _in_front(server, handler)
