"""A server that speaks the API as others do: in front of a real one, without what is Fermata's own."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx


class StockServer:
    """Cannot wait, numbers no inputs, replaces none, and refuses keys and members that are not
    Prefect's. `url` and `api` as of the server behind it; `asked` lists (method, path) of all calls,
    `lost` is how many inputs are still to be stored without an answer."""

    def __init__(self, server):
        self.server, self.api = server, server.api
        self.asked = []
        self.lost = 0
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.client = httpx.Client(base_url=server.url, timeout=60, trust_env=False)

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error):
        self.http.shutdown()
        self.http.server_close()
        self.client.close()

    def _handler(stock):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                stock.asked.append((self.command, self.path))
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, content, kind = stock.answer(self.command, self.path, body)
                if self.path.endswith("/input") and stock.lost > 0:
                    stock.lost -= 1
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

            def log_message(self, *arguments):
                pass

        return Handler

    def answer(self, method, path, body):
        if method == "PUT":
            return 405, b'{"detail": "Method Not Allowed"}', "application/json"
        if path == "/api/admin/server":
            return 404, b'{"detail": "Not Found"}', "application/json"
        if path.endswith("/input/filter"):
            assert set(json.loads(body)) <= {"prefix", "limit", "exclude_keys"}, body
        if path.endswith("/input"):
            key = json.loads(body)["key"]
            assert key and not set(key) - set("abcdefghijklmnopqrstuvwxyz0123456789-"), key
        headers = {"Content-Type": "application/json"} if body else {}
        reply = self.client.request(method, path, content=body, headers=headers)
        content = reply.content
        if path.endswith("/input/filter") and reply.status_code == 200:
            rows = reply.json()
            for row in rows:
                del row["seq"]
            content = json.dumps(rows).encode()
        return reply.status_code, content, reply.headers.get("Content-Type", "application/json")
