"""A server as it would be without what is Fermata's own: no waiting reads, no tags, no leases."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import httpx

OWN = {"prefer", "if-none-match", "fermata-lease", "idempotency-key", "host", "connection"}


class Handler(BaseHTTPRequestHandler):
    """Hands requests on to the real server, without the headers that are Fermata's own."""

    protocol_version = "HTTP/1.1"

    def hand_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in OWN}
        reply = httpx.request(self.command, self.server.url + self.path, content=body,
                              headers=headers, trust_env=False, timeout=60)
        self.send_response(reply.status_code)
        self.send_header("Content-Type", reply.headers.get("Content-Type", "application/json"))
        if reply.status_code != 204:
            self.send_header("Content-Length", str(len(reply.content)))
        self.end_headers()
        self.wfile.write(reply.content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = hand_on

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def plain_server(server):
    """In front of a real one; with what harness.flows.Process wants of a server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as plain:
        plain.url = server.url
        plain.daemon_threads = True
        plain.block_on_close = False
        threading.Thread(target=plain.serve_forever, daemon=True).start()
        yield SimpleNamespace(url=f"http://127.0.0.1:{plain.server_port}", api=server.api)
        plain.shutdown()
