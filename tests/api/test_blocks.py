"""Block types, schemas and documents; secrets that nobody sees who does not ask for them."""

import hashlib
import json
import os
import re
import sqlite3
import stat
import uuid

import pytest

SECRET = "s3cret-" + "x" * 20
STARS = "*" * 8


def make_type(api, **fields):
    slug = f"type-{uuid.uuid4()}"
    reply = api.post("/block_types/", json={"name": slug.capitalize(), "slug": slug} | fields)
    assert reply.status_code == 201, reply.text
    return reply.json()


def make_schema(api, kind, secret_fields=(), **fields):
    body = {"title": kind["slug"], "secret_fields": list(secret_fields)} | fields.pop("more", {})
    reply = api.post("/block_schemas/", json={"block_type_id": kind["id"], "fields": body} | fields)
    assert reply.status_code == 201, reply.text
    return reply.json()


def body_of(schema, data, **fields):
    return {"name": f"name-{uuid.uuid4()}", "data": data, "block_schema_id": schema["id"],
            "block_type_id": schema["block_type_id"]} | fields


def make(api, schema, data, **fields):
    reply = api.post("/block_documents/", json=body_of(schema, data, **fields))
    assert reply.status_code == 201, reply.text
    return reply.json()


def schema_for(api, *secret_fields):
    return make_schema(api, make_type(api), secret_fields)


def read(api, document, secrets=True):
    reply = api.get(f"/block_documents/{document['id']}",
                    params={"include_secrets": str(secrets).lower()})
    assert reply.status_code == 200, reply.text
    return reply.json()


def reference(document):
    return {"$ref": {"block_document_id": document["id"]}}


# ---- types ----

def test_a_type_is_made_read_changed_and_deleted(api):
    made = make_type(api, description="d", logo_url="https://example.org/logo.png")
    assert made["is_protected"] is False
    for path in (f"/block_types/{made['id']}", f"/block_types/slug/{made['slug']}"):
        assert api.get(path).json() == made
    path = f"/block_types/{made['id']}"
    assert api.patch(path, json={"description": None, "code_example": "x"}).status_code == 204
    now = api.get(path).json()
    assert (now["description"], now["code_example"]) == (None, "x")
    assert api.patch(path, json={"slug": "other"}).status_code == 422
    assert [api.delete(path).status_code, api.delete(path).status_code] == [204, 404]
    assert api.get(f"/block_types/slug/{made['slug']}/block_documents").status_code == 404


def test_names_and_slugs_of_types(api):
    made = make_type(api)
    taken = api.post("/block_types/", json={"name": "x", "slug": made["slug"]})
    assert taken.status_code == 409
    for name, slug, status in (("a/b", "x", 422), ("x", "X", 422), ("x", "", 422),
                               ("Prefect thing", "x", 403), ("prefect", "x", 403)):
        reply = api.post("/block_types/", json={"name": name, "slug": slug})
        assert reply.status_code == status, reply.text


def test_types_are_found(api):
    one, two = make_type(api), make_type(api)
    make_schema(api, two, capabilities=["fly", "swim"])

    def among(**filters):
        found = api.post("/block_types/filter", json=filters | {"limit": 200}).json()
        return {kind["id"] for kind in found} & {one["id"], two["id"]}

    assert among() == {one["id"], two["id"]}
    assert among(block_types={"slug": {"any_": [one["slug"]]}}) == {one["id"]}
    assert among(block_types={"name": {"like_": two["slug"].upper()}}) == {two["id"]}
    assert among(block_schemas={"block_capabilities": {"all_": ["swim", "fly"]}}) == {two["id"]}


# ---- schemas ----

FIELDS = {"title": "T", "secret_fields": ["a"], "properties": {
    "a": {"secret_fields": ["x"], "default": [1, -2.5, 1e21, 1e-7, 1e16, 123456.789, True, None]},
    "b": {"$ref": "#/definitions/Plain"}, "c": {"anyOf": [{"$ref": "#/definitions/Block"}]}},
    "text": "größe \U0001F600 \x7f \x01 \" \\ \n / <", "Z": {}, "definitions": {
        "Plain": {"properties": {"p": {"$ref": "#/definitions/Deep"}}},
        "Deep": {"type": "string"}, "Unused": {"type": "null"},
        "Block": {"block_type_slug": "b", "properties": {}}}}


def checksum(fields):
    """As a client in Python makes it."""
    return "sha256:" + hashlib.sha256(json.dumps(((fields,), {}), sort_keys=True).encode()).hexdigest()


def test_the_checksum_is_that_of_python(api):
    made = make_schema(api, make_type(api), more=FIELDS | {"nonce": str(uuid.uuid4())})
    told = made["fields"]
    expected = json.loads(json.dumps(told))
    del expected["secret_fields"], expected["properties"]["a"]["secret_fields"]
    for name in ("Unused", "Block"):
        del expected["definitions"][name]
    assert made["checksum"] == checksum(expected)
    assert told["definitions"] == FIELDS["definitions"], "what was sent is kept whole"


def test_without_definitions_that_count_there_are_none(api):
    fields = {"x": str(uuid.uuid4()), "definitions": {"Unused": {"type": "null"}}}
    kind = make_type(api)
    made = api.post("/block_schemas/", json={"block_type_id": kind["id"], "fields": fields}).json()
    assert made["checksum"] == checksum({"x": fields["x"]})


def test_definitions_that_go_in_circles(api):
    fields = {"p": {"$ref": "#/definitions/A"}, "definitions": {
        "A": {"next": {"$ref": "#/definitions/B"}}, "B": {"next": {"$ref": "#/definitions/A"}}}}
    made = make_schema(api, make_type(api), more=fields)
    assert made["checksum"].startswith("sha256:")


def test_a_chain_of_definitions_is_as_long_as_a_body_may_be(api):
    """Each refers to the next, which no limit of depth refuses."""
    count = 100_000
    chain = {f"d{i}": {"x": [[[[[{"$ref": f"#/definitions/d{i + 1}"}]]]]]} for i in range(count)}
    fields = {"nonce": str(uuid.uuid4()), "first": {"$ref": "#/definitions/d0"}, "definitions": chain}
    body = {"block_type_id": make_type(api)["id"], "fields": fields}
    reply = api.post("/block_schemas/", json=body)
    assert reply.status_code == 201
    assert reply.json()["checksum"] == checksum(fields)


def test_a_schema_is_made_once_and_found_by_its_checksum(api):
    kind = make_type(api)
    body = {"block_type_id": kind["id"], "fields": {"x": str(uuid.uuid4())}, "capabilities": ["c"]}
    made = api.post("/block_schemas/", json=body)
    assert made.status_code == 201 and made.json()["version"] == "non-versioned"
    again = api.post("/block_schemas/", json=body)
    assert again.status_code == 200 and again.json() == made.json()
    newer = api.post("/block_schemas/", json=body | {"version": "2"})
    assert newer.status_code == 201 and newer.json()["checksum"] == made.json()["checksum"]
    path = f"/block_schemas/checksum/{made.json()['checksum']}"
    assert api.get(path).json() == newer.json()
    assert api.get(path, params={"version": "non-versioned"}).json() == made.json()
    assert api.get(path, params={"version": "3"}).status_code == 404
    assert made.json()["block_type"] == kind
    listed = api.post("/block_schemas/filter", json={
        "block_schemas": {"block_type_id": {"any_": [kind["id"]]}}}).json()
    assert listed == [newer.json(), made.json()]
    assert "c" in api.get("/block_capabilities/").json()
    assert api.delete(f"/block_schemas/{made.json()['id']}").status_code == 204


def test_what_a_schema_needs(api):
    nobody = str(uuid.uuid4())
    assert api.post("/block_schemas/", json={"block_type_id": nobody}).status_code == 404
    fields = {"block_schema_references": {"a": [{"block_type_slug": "nobody"}]}}
    reply = api.post("/block_schemas/", json={"block_type_id": make_type(api)["id"],
                                              "fields": fields})
    assert reply.status_code == 409 and "'nobody' was not found" in reply.json()["detail"]


# ---- documents ----

def test_a_document_is_made_read_and_deleted(api):
    schema = schema_for(api)
    made = make(api, schema, {"a": 1, "b": {"c": [None]}})
    assert made["data"] == {"a": 1, "b": {"c": [None]}}
    assert (made["block_schema"], made["block_type"]) == (schema, schema["block_type"])
    assert made["block_type_name"] == schema["block_type"]["name"]
    assert made["block_document_references"] == {} and made["is_anonymous"] is False
    slug = schema["block_type"]["slug"]
    by_name = f"/block_types/slug/{slug}/block_documents/name/{made['name']}"
    assert read(api, made) == api.get(by_name).json() == made
    assert api.get(f"/block_types/slug/{slug}/block_documents").json() == [made]
    path = f"/block_documents/{made['id']}"
    assert [api.delete(path).status_code, api.delete(path).status_code] == [204, 404]
    assert api.get(by_name).status_code == 404


def test_numbers_are_given_back_as_they_came(api):
    schema = schema_for(api, "p")
    body = json.dumps(body_of(schema, {})).replace(
        '"data": {}', '"data":{"n":12345678901234567890.10,"p":"s"}')
    made = api.post("/block_documents/", content=body, headers={"Content-Type": "application/json"})
    assert made.status_code == 201 and '"n":12345678901234567890.10' in made.text
    change = '{"data":{"m":0.10}}'
    path = f"/block_documents/{made.json()['id']}"
    assert api.patch(path, content=change,
                     headers={"Content-Type": "application/json"}).status_code == 204
    assert '"data":{"n":12345678901234567890.10,"p":"s","m":0.10}' in api.get(
        path, params={"include_secrets": "true"}).text


def test_what_a_document_needs(api):
    schema, other = schema_for(api), schema_for(api)
    nobody = str(uuid.uuid4())
    made = make(api, schema, {})
    for change, status in (({"name": made["name"]}, 409), ({"name": None}, 422),
                           ({"name": "Upper"}, 422), ({"block_schema_id": nobody}, 404),
                           ({"block_type_id": nobody}, 404),
                           ({"block_schema_id": other["id"]}, 400), ({"data": []}, 422)):
        reply = api.post("/block_documents/", json=body_of(schema, {}) | change)
        assert reply.status_code == status, reply.text
    assert make(api, schema, {}, name=None, is_anonymous=True)["name"].startswith("anonymous-")


def test_documents_are_found(api):
    schema, other = schema_for(api), schema_for(api)
    one, two = make(api, schema, {}), make(api, other, {})
    hidden = make(api, schema, {}, name=None, is_anonymous=True)
    ids = {document["id"] for document in (one, two, hidden)}

    def among(**filters):
        found = api.post("/block_documents/filter", json=filters | {"limit": 200}).json()
        count = api.post("/block_documents/count", json=filters).json()
        assert count == len(found)
        return {document["id"] for document in found} & ids

    assert among() == {one["id"], two["id"]}
    assert among(block_documents={"is_anonymous": None}) == ids
    assert among(block_documents={"is_anonymous": {"eq_": True}}) == {hidden["id"]}
    assert among(block_documents={"name": {"any_": [one["name"]]}}) == {one["id"]}
    assert among(block_documents={"name": {"like_": two["name"][5:]}}) == {two["id"]}
    assert among(block_documents={"id": {"any_": [two["id"]]}}) == {two["id"]}
    assert among(block_types={"slug": {"any_": [schema["block_type"]["slug"]]}}) == {one["id"]}
    assert among(block_schemas={"id": {"any_": [other["id"]]}}) == {two["id"]}
    for sort in ("NAME_ASC", "NAME_DESC", "BLOCK_TYPE_AND_NAME_ASC"):
        assert api.post("/block_documents/filter", json={"sort": sort}).status_code == 200
    for wrong in ({"sort": "x"}, {"include_secrets": "yes"}, {"limit": 201}, {"offset": -1}):
        assert api.post("/block_documents/filter", json=wrong).status_code == 422


def test_changing(api):
    schema = schema_for(api)
    made = make(api, schema, {"a": 1, "b": 2})
    path = f"/block_documents/{made['id']}"

    def changed(**body):
        assert api.patch(path, json=body).status_code == 204
        return read(api, made)["data"]

    assert changed(data={"b": 3}) == {"a": 1, "b": 3}
    assert changed() == {"a": 1, "b": 3}
    assert changed(data={"c": 4}, merge_existing_data=False) == {"c": 4}
    other = make_schema(api, schema["block_type"], more={"v": 2})
    assert changed(block_schema_id=other["id"]) == {"c": 4}
    assert read(api, made)["block_schema_id"] == other["id"]
    foreign = schema_for(api)
    assert api.patch(path, json={"block_schema_id": foreign["id"]}).status_code == 400
    assert api.patch(path, json={"block_schema_id": str(uuid.uuid4())}).status_code == 404
    assert api.patch(f"/block_documents/{uuid.uuid4()}", json={}).status_code == 404


# ---- secrets ----

DATA = {"user": "ada", "word": SECRET, "tree": {"deep": {"x": SECRET, "n": 1}, "free": "f"},
        "headers": {"one": SECRET, "more": {"two": SECRET}}, "any": {"k": [SECRET]}, "none": None}
PATHS = ("word", "tree.deep.x", "headers.*", "any", "none", "not.there")
SHOWN = {"user": "ada", "word": STARS, "tree": {"deep": {"x": STARS, "n": 1}, "free": "f"},
         "headers": {"one": STARS, "more": {"two": STARS}}, "any": STARS, "none": None}


def test_the_time_for_members_grows_with_their_number_alone(api):
    """A hundred thousand: what looked at each for each would take minutes, and the client gives up."""
    schema = schema_for(api, "m7")
    data = {f"m{i}": i for i in range(100_000)}
    body = body_of(schema, data)
    reply = api.post("/block_documents/", json=body)
    assert reply.status_code == 201
    made = reply.json()
    assert made["data"] == data | {"m7": STARS}
    changed = api.patch(f"/block_documents/{made['id']}", json={"data": data | {"m1": "x"}})
    assert changed.status_code == 204
    assert read(api, made)["data"] == data | {"m1": "x"}


def test_secrets_are_stars_unless_they_are_asked_for(api):
    schema = schema_for(api, *PATHS)
    made = make(api, schema, DATA)
    assert made["data"] == SHOWN
    slug = schema["block_type"]["slug"]
    of_type = f"/block_types/slug/{slug}/block_documents"
    for path in (f"/block_documents/{made['id']}", f"{of_type}/name/{made['name']}"):
        assert api.get(path).json()["data"] == SHOWN
        assert api.get(path, params={"include_secrets": "true"}).json()["data"] == DATA
    assert api.get(of_type).json()[0]["data"] == SHOWN
    assert api.get(of_type, params={"include_secrets": "true"}).json()[0]["data"] == DATA
    body = {"block_documents": {"id": {"any_": [made["id"]]}}}
    for secrets, data in ((False, SHOWN), (True, DATA)):
        found = api.post("/block_documents/filter", json=body | {"include_secrets": secrets}).json()
        assert found[0]["data"] == data


@pytest.mark.parametrize("length", [1, 255, 256, 5000])
def test_secrets_may_have_long_names(api, length):
    name = "n" * length
    schema = schema_for(api, name, f"in.{name}", f"{name}2.in", f"all{name}.*")
    made = make(api, schema, {name: SECRET, "in": {name: SECRET}, name + "2": {"in": SECRET},
                              "all" + name: {"a": {name: SECRET}}})
    assert SECRET not in json.dumps([made, read(api, made, secrets=False)])
    assert json.dumps(read(api, made)).count(SECRET) == 4


def test_stars_that_are_sent_back_change_nothing(api):
    made = make(api, schema_for(api, *PATHS), DATA)
    path = f"/block_documents/{made['id']}"
    for merges in (True, False):
        change = {"data": SHOWN | {"user": "grace"}, "merge_existing_data": merges}
        assert api.patch(path, json=change).status_code == 204
        assert read(api, made)["data"] == DATA | {"user": "grace"}
    api.patch(path, json={"data": {"word": "new", "headers": {"one": "new", "more": {"two": STARS}}}})
    now = read(api, made)["data"]
    assert (now["word"], now["headers"]) == ("new", {"one": "new", "more": {"two": SECRET}})


def everything_stored(server):
    with sqlite3.connect(f"file:{server.data / 'fermata.db'}?mode=ro", uri=True) as database:
        dump = "\n".join(database.iterdump())
    database.close()
    return dump + "".join(path.read_bytes().decode("latin-1") for path in server.data.iterdir())


def test_what_is_stored_and_logged_tells_no_secret(fresh_server):
    api = fresh_server.api
    made = make(api, schema_for(api, "word"), {"word": SECRET, "other": SECRET})
    path = f"/block_documents/{made['id']}"
    api.patch(path, json={"data": {"word": SECRET + "2"}})
    read(api, made)
    bodies = [{"name": SECRET.upper(), "data": {"word": SECRET}}, {"data": SECRET},
              {"data": {"word": SECRET}, "block_type_id": SECRET}, [SECRET]]
    for body in bodies:
        for reply in (api.post("/block_documents/", json=body), api.patch(path, json=body)):
            assert reply.status_code == 422 and SECRET not in reply.text.lower()
            assert reply.json()["request_body"] is None and reply.json()["errors"]
    broken = '{"data": {"word": "%s"' % SECRET
    for method in ("POST", "PATCH"):
        reply = api.request(method, "/block_documents/" if method == "POST" else path,
                            content=broken, headers={"Content-Type": "application/json"})
        assert reply.status_code in (400, 422) and SECRET not in reply.text
    kept = api.post("/block_documents/", headers={"Idempotency-Key": "k"},
                    json=body_of(made["block_schema"], {"word": SECRET}))
    assert kept.status_code == 201
    fresh_server.stop()
    assert SECRET not in everything_stored(fresh_server) + fresh_server.log()


def test_no_secret_is_stored_where_the_schema_names_none(fresh_server):
    """The answer that is kept for a key tells all of the data: it is sealed like the data."""
    api = fresh_server.api
    body = body_of(schema_for(api), {"word": SECRET})
    first, again = (api.post("/block_documents/", headers={"Idempotency-Key": "k"}, json=body)
                    for _ in range(2))
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json() and first.json()["data"] == {"word": SECRET}
    other = api.post("/block_documents/", headers={"Idempotency-Key": "k"}, json=body | {"name": "x"})
    assert other.status_code == 422 and "another body" in other.json()["detail"]
    fresh_server.stop()
    assert SECRET not in everything_stored(fresh_server) + fresh_server.log()


@pytest.mark.parametrize("broken", ["hunter2x", '"hunter2\n"', '"hunter2', '"hunter2" x', "hunter2"])
def test_a_broken_body_is_told_by_its_place_alone(api, broken):
    schema = schema_for(api)
    document = make(api, schema, {})
    for method, path in (("POST", ""), ("PATCH", document["id"])):
        reply = api.request(method, f"/block_documents/{path}", content='{"data": %s' % broken,
                            headers={"Content-Type": "application/json"})
        assert reply.status_code == 422 and "hunter" not in reply.text
        told = reply.json()["exception_detail"][0]["msg"]
        assert re.fullmatch(r"JSON decode error: invalid JSON at line [12], column \d+", told)


# ---- the key ----

def key_of(server):
    return server.data / "secrets.key"


def test_the_key_is_a_file_of_its_own_that_nobody_else_reads(fresh_server):
    status = os.stat(key_of(fresh_server))
    assert stat.S_IMODE(status.st_mode) == 0o600 and status.st_size == 65


def test_a_key_elsewhere(start_server, tmp_path):
    file = tmp_path / "elsewhere.key"
    server = start_server("--secrets-key", str(file))
    made = make(server.api, schema_for(server.api), {"a": 1})
    assert file.exists() and not key_of(server).exists()
    server.restart()
    assert read(server.api, made)["data"] == {"a": 1}


def test_without_the_key_nothing_is_read_or_written_and_nothing_breaks(fresh_server):
    api = fresh_server.api
    schema = schema_for(api)
    made = make(api, schema, {"a": SECRET})
    fresh_server.stop()
    key = key_of(fresh_server).read_text()
    key_of(fresh_server).unlink()
    fresh_server.start()
    assert not key_of(fresh_server).exists(), "a second key would only hide that the first is gone"
    path = f"/block_documents/{made['id']}"
    for reply in (api.get(path), api.post("/block_documents/filter", json={}),
                  api.patch(path, json={"data": {"a": 2}}),
                  api.post("/block_documents/", json=body_of(schema, {}))):
        assert reply.status_code == 500 and "secrets.key, is not there" in reply.json()["detail"]
    assert "can be neither read nor written" in fresh_server.log()
    assert api.get(f"/block_types/{schema['block_type_id']}").status_code == 200
    key_of(fresh_server).write_text(key)
    key_of(fresh_server).chmod(0o600)
    fresh_server.restart()
    assert read(api, made)["data"] == {"a": SECRET}
    assert api.post("/block_documents/count", json={}).json() == 1


def test_a_wrong_key(fresh_server):
    api = fresh_server.api
    made = make(api, schema_for(api), {"a": 1})
    fresh_server.stop()
    key_of(fresh_server).write_text("0" * 64 + "\n")
    fresh_server.start()
    reply = api.get(f"/block_documents/{made['id']}")
    assert reply.status_code == 500 and "is not the one with which this was written" in reply.text


@pytest.mark.parametrize("content, mode, told", [
    ("0" * 64, 0o644, "chmod 600"), ("0" * 63, 0o600, "holds no key"), ("", 0o600, "holds no key"),
    ("x" * 64, 0o600, "holds no key"), ("0" * 66, 0o600, "holds no key")])
def test_a_key_that_is_none(fresh_server, content, mode, told):
    fresh_server.stop()
    key_of(fresh_server).write_text(content)
    key_of(fresh_server).chmod(mode)
    with pytest.raises(AssertionError, match=told):
        fresh_server.start()
    fresh_server.process.wait()


def test_data_is_sealed_for_its_own_row(fresh_server):
    api = fresh_server.api
    schema = schema_for(api)
    one, two = make(api, schema, {"a": 1}), make(api, schema, {"a": 2})
    fresh_server.stop()
    with sqlite3.connect(fresh_server.data / "fermata.db") as database:
        database.execute("UPDATE block_documents SET data = (SELECT data FROM block_documents"
                         " WHERE id = ?) WHERE id = ?", (one["id"], two["id"]))
    database.close()
    fresh_server.start()
    assert read(api, one)["data"] == {"a": 1}
    assert api.get(f"/block_documents/{two['id']}").status_code == 500


# ---- blocks in blocks ----

def test_a_reference_is_the_block_that_it_names(api):
    inner_schema, schema = schema_for(api, "word"), schema_for(api)
    inner = make(api, inner_schema, {"word": SECRET, "n": 1})
    middle = make(api, schema, {"inner": reference(inner), "x": 1})
    outer = make(api, schema, {"middle": reference(middle), "$ref": "no", "y": {"$ref": "#/no"}})
    assert outer["data"] == {"middle": {"x": 1, "inner": {"word": STARS, "n": 1}}, "$ref": "no",
                             "y": {"$ref": "#/no"}}
    seen = read(api, outer)
    assert seen["data"]["middle"]["inner"]["word"] == SECRET
    told = seen["block_document_references"]["middle"]["block_document"]
    assert (told["id"], told["name"], told["is_anonymous"]) == (middle["id"], middle["name"], False)
    assert told["block_type"] == schema["block_type"]
    assert told["block_document_references"]["inner"]["block_document"]["id"] == inner["id"]
    api.patch(f"/block_documents/{inner['id']}", json={"data": {"n": 2}})
    assert read(api, outer)["data"]["middle"]["inner"] == {"word": SECRET, "n": 2}


def test_references_are_changed_with_the_data(api):
    schema = schema_for(api)
    one, two = make(api, schema, {"n": 1}), make(api, schema, {"n": 2})
    outer = make(api, schema, {"a": reference(one), "b": reference(one)})
    path = f"/block_documents/{outer['id']}"

    def changed(**body):
        assert api.patch(path, json=body).status_code == 204
        return read(api, outer)["data"]

    assert changed(data={"a": reference(two)}) == {"a": {"n": 2}, "b": {"n": 1}}
    assert changed(data={"a": 5}) == {"a": 5, "b": {"n": 1}}
    assert changed(data={"a": reference(two)}) == {"a": {"n": 2}, "b": {"n": 1}}
    assert changed(data={"c": reference(two)}, merge_existing_data=False) == {"c": {"n": 2}}
    assert api.delete(f"/block_documents/{two['id']}").status_code == 204
    assert read(api, outer)["data"] == {}


@pytest.mark.parametrize("inside", [{}, {"block_document_id": "x"}, {"block_document_id": None}])
def test_a_reference_names_a_block(api, inside):
    reply = api.post("/block_documents/", json=body_of(schema_for(api), {"a": {"$ref": inside}}))
    assert reply.status_code == 400 and "in key a" in reply.json()["detail"]


def test_references_do_not_go_in_circles(api):
    schema = schema_for(api)
    nobody = {"id": str(uuid.uuid4())}
    reply = api.post("/block_documents/", json=body_of(schema, {"a": reference(nobody)}))
    assert reply.status_code == 400 and nobody["id"] in reply.json()["detail"]
    one = make(api, schema, {})
    two = make(api, schema, {"one": reference(one)})
    three = make(api, schema, {"two": reference(two)})
    for other in (one, two, three):
        reply = api.patch(f"/block_documents/{one['id']}", json={"data": {"x": reference(other)}})
        assert reply.status_code == 400 and "cycle" in reply.json()["detail"]
    assert read(api, one)["data"] == {}


def test_how_deep_references_go(api):
    schema = schema_for(api)
    block = make(api, schema, {"n": 0})
    for _ in range(19):
        block = make(api, schema, {"next": reference(block)})
    reply = api.post("/block_documents/", json=body_of(schema, {"next": reference(block)}))
    assert reply.status_code == 400 and "20 deep" in reply.json()["detail"]


def test_how_deep_references_go_is_measured_upwards_too(api):
    """Two chains that fit, one hung below the other: a change of the lowest of the upper one."""
    schema = schema_for(api)

    def chain(length):
        blocks = [make(api, schema, {"n": 0})]
        while len(blocks) < length:
            blocks.append(make(api, schema, {"next": reference(blocks[-1])}))
        return blocks

    upper, lower, short = chain(10), chain(11), chain(10)

    def hang(block):
        return api.patch(f"/block_documents/{upper[0]['id']}", json={"data": {"next": reference(block)}})

    assert "20 deep" in hang(lower[-1]).json()["detail"]
    assert read(api, upper[0])["data"] == {"n": 0}
    assert hang(short[-1]).status_code == 204
    reply = api.patch(f"/block_documents/{short[0]['id']}",
                      json={"data": {"x": reference(make(api, schema, {}))}})
    assert reply.status_code == 400 and "20 deep" in reply.json()["detail"]


def test_how_many_others_a_block_refers_to(api):
    schema = schema_for(api)
    one = make(api, schema, {})
    many = {f"m{i}": reference(one) for i in range(1001)}
    reply = api.post("/block_documents/", json=body_of(schema, many))
    assert reply.status_code == 400 and "at most 1000 others" in reply.json()["detail"]
    del many["m1000"]
    outer = make(api, schema, many)
    reply = api.patch(f"/block_documents/{outer['id']}", json={"data": {"more": reference(one)}})
    assert reply.status_code == 400 and "at most 1000 others" in reply.json()["detail"]
    for data in ({"m3": 1}, {"more": reference(one)}):
        assert api.patch(f"/block_documents/{outer['id']}", json={"data": data}).status_code == 204


def test_blocks_that_multiply_are_too_many(api):
    """Each refers to the one before ten times."""
    schema = schema_for(api)
    block = make(api, schema, {"n": 0})
    for _ in range(3):
        block = make(api, schema, {f"m{i}": reference(block) for i in range(10)})
    reply = api.post("/block_documents/", json=body_of(
        schema, {f"m{i}": reference(block) for i in range(10)}))
    assert reply.status_code == 413 and "too many others" in reply.json()["detail"]
