"""Random requests, made from the server's own description of what it takes.

Whatever comes, the answer is no 5xx, comes soon and fits the description, and afterwards the server
still works. A failure tells its seed and its request. $FERMATA_FUZZ_SECONDS is how long this goes on,
$FERMATA_FUZZ_SEED where the dice begin: 1, or anywhere if a time is given.
"""

import json
import os
import random
import re
import time
import uuid
from collections import defaultdict, deque
from urllib.parse import quote

import httpx
import pytest

from harness.objects import make_flow, make_run, set_state

SECONDS = int(os.environ.get("FERMATA_FUZZ_SECONDS", 15))
SEED = int(os.environ.get("FERMATA_FUZZ_SEED",
                          random.getrandbits(32) if "FERMATA_FUZZ_SECONDS" in os.environ else 1))
HANGS = 30  # seconds
KNOWN = 50  # ids and names of each kind that are remembered
REFILL = 150  # requests until something of each kind is made anew

# Whose ids and names the replies of a route tell, where that is not what its path begins with.
TOLD = {"create_flow_run": "flow_runs", "schedules": "schedules", "input": "inputs"}

TEXTS = ["", " ", "x", "a" * 5000, "é", "日本語", "\U0001f600", "e\u0301", "\u202eabc", "\x1b[31m",
         "\u0000", "\ud800", "a\nb\r\n", "'; DROP TABLE flows; --", "%s%n", "null", "../../etc/passwd",
         "{{ 1 / 0 }}", "{{ [0] * 99999999 }}", "* * * * *", "P1D", "UTC", "Europe/Berlin", "-1", "1e999",
         "FREQ=SECONDLY;COUNT=1", "$.a", '"', "\\", "\ufeff", "a" * 300]
TIMES = ["2026-11-22T10:05:48.526522Z", "2026-11-22", "2026-11-22T10:05+23:59", "0001-01-01T00:00:00Z",
         "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-01:00",
         "1969-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "24:00", "now", "1e400", ""]
NUMBERS = [0, -0.0, 1, -1, 2, 10, 200, 201, 0.5, 1.5, 1e-300, 1e308, -1e308, 2**31, -2**31 - 1, 2**53 + 1,
           2**63 - 1, -2**63, 2**63, 2**64, 10**40]
BYTES = [b"", b"{", b"nul", b"NaN", b'{"a":Infinity}', b"\xff\xfe{}", b"\xef\xbb\xbf{}", b'{"name":"\xff"}',
         b'{"name":"a","name":"b"}', b"[" * 20000, b'{"a":' * 20000, b"{} {}", b"\0", b'"\\u0000"', b"1e999",
         b'{"name":' + b"9" * 5000 + b"}", b'{"name":"' + b"a" * 300000 + b'"}']
HEADERS = {
    "Prefer": ["wait=0", "wait=1", "wait=", "wait=-5", "wait=x", "return=minimal, wait=0", "=", "wait=1;a=\"b\""],
    "If-None-Match": ["*", '"x"', "W/\"1\"", '"1", "2"', "", '"' + "a" * 2000 + '"'],
    "Idempotency-Key": ["a", "b", "c", "", "k" * 2000, "\"q\"", "é".encode()],
    "X-PREFECT-API-VERSION": ["0.8.4", "0.1.0", "x", "999999999999.0.0", "", "0.8"],
    "Content-Type": ["application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded", "json"],
    "Accept": ["text/html", "*/*;q=0"],
    "User-Agent": ["", "a" * 3000],
}


class Maker:
    """Makes requests. What replies tell of ids, names and ETags goes into later requests."""

    def __init__(self, document, seed):
        self.dice = random.Random(seed)
        self.document = document
        self.operations = [(path, method, operation) for path, item in document["paths"].items()
                           for method, operation in item.items()]
        self.ids = defaultdict(lambda: deque(maxlen=KNOWN))
        self.names = defaultdict(lambda: deque(maxlen=KNOWN))
        self.etags = deque(maxlen=KNOWN)

    def chance(self, probability):
        return self.dice.random() < probability

    # Values

    def resolve(self, schema):
        while "$ref" in schema:
            found = self.document
            for key in schema["$ref"].removeprefix("#/").split("/"):
                found = found[key]
            schema = found
        return schema

    def value(self, schema, name="", depth=0):
        """Mostly what fits the schema. `name` is the member that it is for."""
        schema = self.resolve(schema)
        if self.chance(0.03) or depth > 12:
            return self.anything()
        if "enum" in schema:
            return self.dice.choice(schema["enum"])
        for union in ("anyOf", "oneOf"):
            if union in schema:
                # The first is what it is, the last null.
                return self.value(schema[union][0 if self.chance(0.8) else -1], name, depth)
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = self.dice.choice(kind)
        if kind == "object":
            return self.object(schema, depth)
        if kind == "array":
            count = self.dice.choice([0, 1, 1, 2, 3]) if self.chance(0.98) else self.dice.randint(4, 1500)
            return [self.value(schema.get("items", {}), name, depth + 1) for _ in range(count)]
        if kind == "string":
            return self.text(schema, name)
        if kind in ("integer", "number"):
            return self.number(schema, kind)
        if kind == "boolean":
            return self.chance(0.5)
        return None if kind == "null" else self.anything()

    def object(self, schema, depth):
        properties = schema.get("properties", {})
        optional = self.dice.choice([0.1, 0.4, 0.9]) / (1 + depth / 4)
        made = {name: self.value(member, name, depth + 1) for name, member in properties.items()
                if self.chance(0.98 if name in schema.get("required", ()) else optional)}
        if not properties and self.chance(0.5) or self.chance(0.03):
            made[self.dice.choice(TEXTS)] = self.anything()
        return made

    def number(self, schema, kind):
        low, high = schema.get("minimum", -10), schema.get("maximum", 1000)
        if self.chance(0.2):
            return self.dice.choice(NUMBERS + [low - 1, high + 1])
        return self.dice.randint(low, max(low, high)) if kind == "integer" else self.dice.uniform(low, high)

    def text(self, schema, name):
        if schema.get("format") == "uuid":
            return self.id(re.sub(r"_?id$", "", name) + "s")
        if schema.get("format") == "date-time":
            if self.chance(0.3):
                return self.dice.choice(TIMES)
            moment = time.gmtime(time.time() + self.dice.uniform(-3600, 3600))
            return time.strftime("%Y-%m-%dT%H:%M:%SZ", moment)
        if "name" in name and self.chance(0.4):
            return self.known(self.names) or "x"
        return self.dice.choice(TEXTS) if self.chance(0.3) else f"text-{self.dice.randrange(20)}"

    def known(self, pools, kind=None):
        pool = pools.get(kind) or [one for pool in pools.values() for one in pool]
        return self.dice.choice(pool) if pool else None

    def id(self, kind):
        if self.chance(0.85) and (known := self.known(self.ids, kind)):
            return known if self.chance(0.9) else "{" + known.upper() + "}"
        return str(uuid.UUID(int=self.dice.getrandbits(128)))

    def anything(self, depth=0):
        """JSON of any shape."""
        made = self.dice.randrange(10)
        if made < 2:
            return self.dice.choice([None, True, False])
        if made < 4:
            return self.dice.choice(NUMBERS)
        if made < 7 or depth > 3:
            return self.dice.choice(TEXTS + TIMES)
        if made == 7:
            deep = self.dice.choice([1, 10, 150, 250, 900])
            made = self.dice.choice(TEXTS)
            for _ in range(deep):
                made = [made] if deep % 3 else {"a": made}
            return made
        if made == 8:
            return {"__prefect_kind": self.dice.choice(["json", "jinja", "workspace_variable", "none", "x"]),
                    "value": self.anything(depth + 1), "template": self.dice.choice(TEXTS),
                    "variable_name": self.known(self.names) or "x"}
        return {self.dice.choice(TEXTS): self.anything(depth + 1) for _ in range(self.dice.randrange(4))}

    # Requests

    def path(self, path):
        kind = path.split("/")[2] if path.startswith("/api/") else ""

        def fill(match):
            name = match.group(1)
            if self.chance(0.05):
                text = self.dice.choice(TEXTS + TIMES).replace("/", "-") or "-"
                return quote(text.encode(errors="surrogatepass"), safe="")
            if name.endswith("id"):
                return quote(self.id(kind if name == "id" else name.removesuffix("_id") + "s"), safe="")
            pool = {"key": "inputs", "flow_name": "flows", "deployment_name": "deployments"}.get(name, kind)
            return quote(str(self.known(self.names, pool) or "x").replace("/", "-") or "-", safe="")
        return re.sub(r"{(\w+)}", fill, path)

    def query(self, operation):
        named = [parameter for parameter in map(self.resolve, operation["parameters"])
                 if parameter.get("in") == "query" and self.chance(0.9)]
        parts = [f"{parameter['name']}={self.value(parameter['schema'], parameter['name'])}"
                 for parameter in named]
        if self.chance(0.03):
            parts.append(self.dice.choice(["a=b", "&&", "limit=-1", "=", "a" * 3000]))
        return "?" + quote("&".join(parts).encode(errors="surrogatepass"), safe="=&") if parts else ""

    def headers(self, operation):
        taken = [parameter["name"] for parameter in map(self.resolve, operation["parameters"])
                 if parameter.get("in") == "header"]
        made = {name: self.dice.choice(values) for name, values in HEADERS.items()
                if self.chance(0.1 if name in taken else 0.01)}
        if "If-None-Match" in taken and self.etags and self.chance(0.2):
            made["If-None-Match"] = self.dice.choice(self.etags)
        return made

    def body(self, operation):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if self.chance(0.02):
            return self.dice.choice(BYTES)
        if content is None:
            return None if self.chance(0.97) else json.dumps(self.anything()).encode()
        text = json.dumps(self.value(content["schema"]))
        return text[:self.dice.randrange(len(text))].encode() if self.chance(0.02) else text.encode()

    def request(self):
        path, method, operation = self.dice.choice(self.operations)
        if (method == "delete" and self.chance(0.7)) or ("/bulk_" in path and self.chance(0.9)):
            return self.request()
        if self.chance(0.01):
            method = self.dice.choice(["get", "head", "post", "put", "patch", "delete", "options"])
        body = self.body(operation) if method not in ("get", "head") else None
        headers = self.headers(operation)
        if body is not None:
            headers = {"Content-Type": "application/json"} | headers
        return {"method": method.upper(), "url": self.path(path) + self.query(operation),
                "headers": headers, "content": body}

    def learn(self, request, response):
        segments = request["url"].split("?")[0].split("/") + [""] * 3
        if response.status_code in (204, 404) and request["method"] in ("GET", "DELETE"):
            self.forget(segments)
        if "etag" in response.headers:
            self.etags.append(response.headers["etag"])
        if response.headers.get("content-type") == "application/json" and response.content:
            kind = next((TOLD[segment] for segment in segments if segment in TOLD), segments[2])
            self.learn_from(kind, response.json())

    def forget(self, segments):
        for pool in [*self.ids.values(), *self.names.values()]:
            for gone in set(pool) & set(segments):
                pool.remove(gone)

    def learn_from(self, kind, found):
        for thing in found if isinstance(found, list) else [found]:
            if not isinstance(thing, dict):
                continue
            if isinstance(thing.get("id"), str):
                self.ids[kind].append(thing["id"])
            for key in ("name", "key"):
                if isinstance(thing.get(key), str):
                    self.names[kind].append(thing[key])
            if isinstance(thing.get("schedules"), list):
                self.learn_from("schedules", thing["schedules"])


def refill(api, maker):
    """Something of each kind, so that requests find something."""
    flow = make_flow(api)
    deployment = api.post("/deployments/", json={
        "name": "fuzz", "flow_id": flow["id"], "parameters": {"a": 1},
        "schedules": [{"active": True, "schedule": {"interval": 3600}}],
        "parameter_openapi_schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}).json()
    run = make_run(api, flow, deployment_id=deployment["id"])
    set_state(api, run["id"], "RUNNING")
    set_state(api, run["id"], "PAUSED", pause_timeout="2099-01-01T00:00:00Z",
              run_input_keyset={"schema": "k-schema", "response": "k-response", "description": "k-description"})
    for key, value in {"k-schema": {"type": "object", "properties": {"a": {"type": "integer"}}}, "k": 1}.items():
        api.post(f"/flow_runs/{run['id']}/input", json={"key": key, "value": json.dumps(value)})
    maker.learn_from("flows", flow)
    maker.learn_from("deployments", deployment)
    maker.learn_from("flow_runs", run)
    maker.learn_from("inputs", [{"name": name} for name in ("k-schema", "k-response", "k")])
    maker.learn_from("flow_run_states", run["state"])
    maker.learn_from("input_requests", api.post("/input_requests/filter", json={}).json())


def send(client, request, where, server):
    begun = time.monotonic()
    try:
        response = client.request(**request)
        assert response.status_code < 500 or response.status_code == 501, f"{response.status_code} {response.text[:2000]}"
    except (AssertionError, httpx.HTTPError) as error:
        shown = {name: str(value)[:4000] for name, value in request.items()}
        pytest.fail(f"{where}: {error!r}\n{json.dumps(shown, indent=2)}\n{server.log()[-6000:]}")
    assert time.monotonic() - begun < HANGS, f"{where}: {request}"
    return response


@pytest.mark.timeout(SECONDS + 180)
def test_random_requests(start_server):
    server = start_server()
    document = httpx.get(server.url + "/openapi.json", trust_env=False).json()
    maker = Maker(document, SEED)
    statuses = defaultdict(int)
    count = 0
    with server.client() as client:
        client.base_url, client.timeout = server.url, HANGS + 10
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if count % REFILL == 0:
                refill(server.api, maker)
            count += 1
            request = maker.request()
            response = send(client, request, f"seed {SEED}, request {count}", server)
            statuses[response.status_code] += 1
            maker.learn(request, response)
    print(f"seed {SEED}: {count} requests, {dict(sorted(statuses.items()))}")
    assert server.api.get("/ready").status_code == 200
    assert sum(statuses[status] for status in (200, 201, 204)) > count / 10
