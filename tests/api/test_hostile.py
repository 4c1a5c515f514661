"""What no client should send: each a clear refusal, and nothing else changes; never a 5xx."""

import json
import re
import uuid

import httpx
import pytest

from harness.objects import make_flow, make_run

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def document(server):
    return httpx.get(server.url + "/openapi.json", trust_env=False).json()


@pytest.fixture(scope="module")
def things(server):
    """Ids of things that are there, by the beginning of their paths."""
    run = make_run(server.api)
    task_run = server.api.post("/task_runs/", json={"flow_run_id": run["id"], "task_key": "t",
                                                    "dynamic_key": "0"}).json()
    variable = server.api.post("/variables/", json={"name": "hostile", "value": 1}).json()
    return {"flow_runs": run["id"], "flows": run["flow_id"], "task_runs": task_run["id"],
            "variables": variable["id"]}


def census(api):
    """How many there are of everything that can be counted, and what they are."""
    return {kind: api.post(f"/{kind}/filter", json={}).text
            for kind in ("flows", "variables", "input_requests", "logs")} | {
        "flow_runs": [(r["id"], r["updated"]) for r in api.post("/flow_runs/filter", json={}).json()],
        "task_runs": [(r["id"], r["updated"]) for r in api.post("/task_runs/filter", json={}).json()]}


def bodies(document, things):
    """(method, path, schema) of each operation that has a body."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if "requestBody" not in operation:
                continue
            kind = path.split("/")[2]
            real = path.removeprefix("/api").replace("{id}", things.get(kind, str(uuid.uuid4())))
            real = re.sub(r"{\w+_id}", str(uuid.uuid4()), real).replace("{name}", "hostile")
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            yield method.upper(), re.sub(r"{\w+}", "x", real), schema


def resolve(document, schema):
    while "$ref" in schema or "anyOf" in schema:
        if "anyOf" in schema:
            schema = schema["anyOf"][0]
        else:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def example(document, schema, depth=0):
    """Something that fits."""
    schema = resolve(document, schema)
    if "enum" in schema:
        return schema["enum"][0]
    type = schema.get("type", "string")
    type = type[0] if isinstance(type, list) else type
    if type == "object":
        return {name: example(document, schema["properties"][name], depth + 1)
                for name in schema.get("required", [])}
    formats = {"uuid": str(uuid.uuid4()), "date-time": "2030-01-01T00:00:00Z"}
    return {"string": formats.get(schema.get("format"), "x"), "integer": schema.get("minimum", 1),
            "number": schema.get("minimum", 1), "boolean": True, "array": [], "null": None}[type]


def wrong_values(schema):
    """Values of other types than the schema's."""
    types = schema.get("type")
    if types is None:
        return []
    types = types if isinstance(types, list) else [types]
    samples = {"string": "x", "integer": 2**31, "number": 0.5, "boolean": True, "object": {"x": 1},
               "array": [1], "null": None}
    wrong = [value for type, value in samples.items()
             if type not in types and not (type == "integer" and "number" in types)]
    if "string" in types and (schema.get("format") or "enum" in schema):
        wrong += ["neither", "", "\u0000"]
    if "minimum" in schema:
        wrong.append(schema["minimum"] - 1)
    if "maximum" in schema:
        wrong.append(schema["maximum"] + 1)
    if "maxLength" in schema:
        wrong.append("x" * (schema["maxLength"] + 1))
    if "array" in types and "items" in schema:
        wrong += [[value] for value in (7, None, {})
                  if not ({"object"} & {schema["items"].get("type")}) or value != {}]
    return wrong


def mutants(document, schema, seen, depth=0):
    """Bodies that fit but for one member, and where that is; once for each filter, of which many
    bodies have the same."""
    name = str(schema.get("anyOf", [schema])[0].get("$ref"))
    schema = resolve(document, schema)
    if "properties" not in schema or depth > 3 or (name in seen and name.endswith("Filter")):
        return
    seen.add(name)
    fits = example(document, schema)
    for name, member in schema["properties"].items():
        nullable = any(option.get("type") == "null" for option in member.get("anyOf", []))
        inner = resolve(document, member)
        for value in wrong_values(inner):
            if value is None and nullable:
                continue
            yield name, fits | {name: value}
        for where, value in mutants(document, member, seen, depth + 1):
            yield f"{name}.{where}", fits | {name: value}
    for name in schema.get("required", []):
        yield name, {key: value for key, value in fits.items() if key != name}
    if schema.get("additionalProperties") is False:
        yield "surplus", fits | {"surplus": 1}


def test_every_member_of_every_body(server, api, document, things):
    before, tried, taken, seen = census(api), 0, [], set()
    for method, path, schema in bodies(document, things):
        array = schema.get("type") == "array"
        for where, body in mutants(document, schema["items"] if array else schema, seen):
            reply = api.request(method, path, json=[body] if array else body)
            tried += 1
            if reply.status_code not in (404, 409, 422):
                taken.append((method, path, where, json.dumps(body)[:200], reply.status_code))
            elif reply.status_code == 422:
                assert reply.json().get("errors") or reply.json().get("detail"), (path, where)
    assert not taken, "\n".join(map(str, taken[:40]))
    assert tried > 1000
    assert census(api) == before


MALFORMED = [b"", b"{", b"[", b"nul", b"{'a':1}", b'{"a":1,}', b'{"a":1}x', b'"\\ud800"', b"\xff\xfe",
             b'{"name":"\xff"}', b'{"name":"\xc0\x80"}', b'{"name":"\\u0000"}', b"\x00", b"NaN", b"-",
             b"[]", b'"x"', b"1", b"null", b"1e999", b"9" * 400,
             b'{"name":1e400}', b'{"name":' + b"1" * 400 + b"}", b"[" * 5000, b'{"a":' * 5000,
             b"[" * 100000 + b"]" * 100000]


@pytest.mark.parametrize("body", MALFORMED, ids=[repr(body[:12]) for body in MALFORMED])
def test_malformed_bodies(api, document, things, body):
    before = census(api)
    for method, path, schema in bodies(document, things):
        reply = api.request(method, path, content=body, headers=JSON)
        assert reply.status_code < 500, (method, path, reply.text)
        if body not in (b"", b"null", b"[]"):
            assert reply.status_code in (404, 422), (method, path, reply.text)
    assert census(api) == before


def test_of_a_member_sent_twice_the_last_counts(api):
    name = str(uuid.uuid4())
    body = '{"name":"other","name":"%s"}' % name
    assert api.post("/flows/", content=body, headers=JSON).json()["name"] == name


def test_a_body_too_large(api):
    reply = api.post("/variables/", content=b'{"name":"x","value":"' + b"x" * (70 << 20) + b'"}', headers=JSON)
    assert reply.status_code == 413
    assert api.get("/health").status_code == 200


def test_a_large_body_is_taken(api):
    run = make_run(api, parameters={"x": "y" * 500_000})
    assert len(api.get(f"/flow_runs/{run['id']}").json()["parameters"]["x"]) == 500_000


@pytest.mark.parametrize("type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp",
                                  "multipart/form-data; boundary=x"])
def test_another_media_type(api, document, things, type):
    before = census(api)
    for method, path, _ in bodies(document, things):
        assert api.request(method, path, content=b"{}", headers={"Content-Type": type}).status_code == 415
    assert census(api) == before


@pytest.mark.parametrize("type", ["application/json; charset=utf-8", "APPLICATION/JSON",
                                  "application/merge-patch+json"])
def test_media_types_of_json(api, type):
    body = json.dumps({"name": f"flow-{uuid.uuid4()}"})
    assert api.post("/flows/", content=body, headers={"Content-Type": type}).status_code == 201


def test_wrong_methods(api, document, things):
    for path, item in document["paths"].items():
        if not path.startswith("/api/"):
            continue
        real = re.sub(r"{\w+}", str(uuid.uuid4()), path)[4:]
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            if method.lower() in item:
                continue
            reply = api.request(method, real)
            if reply.status_code == 405:
                allowed = {word.strip() for word in reply.headers["allow"].split(",")}
                assert {m.upper() for m in item} <= allowed and method not in allowed, (method, path)
            else:  # the path also fits a pattern with a parameter, or the method is not known at all
                assert reply.status_code in (400, 404, 405, 422, 501), (method, path, reply.status_code)


@pytest.mark.parametrize("path", ["/nowhere", "/flows/x", "/flow_runs/123", "/flow_runs/%00", "/flows/name/%ff",
                                  "/flow_runs/" + "x" * 2000, "/flows/name/%", "//"])
def test_unknown_paths(api, path):
    assert api.get(path).status_code in (400, 404, 405, 414)


def test_a_slash_too_few_or_too_many(api):
    reply = api.get("/health/", follow_redirects=False)
    assert (reply.status_code, reply.headers["location"]) == (307, "/api/health")
    reply = api.post("/flows?x=1", json={}, follow_redirects=False)
    assert (reply.status_code, reply.headers["location"]) == (307, "/api/flows/?x=1")


@pytest.mark.parametrize("version, status", [
    ("0.8.4", 200), ("0.8.0", 200), ("1.0.0", 200), ("0.7.9", 400), ("0.8", 400), ("x", 400),
    ("0.8.4.1", 400), ("-1.8.4", 400), ("", 400), ("9999999999.1.1", 400)])
def test_the_version_header(api, version, status):
    headers = {"X-PREFECT-API-VERSION": version}
    assert api.post("/flows/filter", json={}, headers=headers).status_code == status
    assert api.get("/health", headers=headers).status_code == 200


@pytest.mark.parametrize("prefer", ["wait", "wait=", "wait=x", "wait=-1", "wait=0", "respond-async",
                                    ",,,", "wait=99999999999999999999", "wait=0.5"])
def test_preferences_that_are_none(api, prefer):
    run = make_run(api)
    reply = api.get(f"/flow_runs/{run['id']}", headers={"Prefer": prefer})
    assert reply.status_code == 200


def test_text_beyond_the_basic_plane(api):
    name = f"🎵 µß\u200b\n\"'\\ {uuid.uuid4()}"
    flow = make_flow(api, name)
    assert flow["name"] == name
    assert api.get(f"/flows/{flow['id']}").json()["name"] == name
    [found] = api.post("/flows/filter", json={"flows": {"name": {"any_": [name]}}}).json()
    assert found["id"] == flow["id"]


def test_sql_is_only_text(api):
    for text in ("'; DROP TABLE flows; --", "%", "_", "\\", "' OR 1=1 --"):
        assert api.post("/flows/filter", json={"flows": {"name": {"like_": text + str(uuid.uuid4())}}}).json() == []
    assert make_flow(api)["id"]
