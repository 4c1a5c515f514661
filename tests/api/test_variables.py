"""Variables."""

import uuid

import pytest


def make(api, value=1, **more):
    reply = api.post("/variables/", json={"name": f"v-{uuid.uuid4()}", "value": value} | more)
    assert reply.status_code == 201, reply.text
    return reply.json()


@pytest.mark.parametrize("value", [1, 0.1, "text", True, None, [1, [2]], {"a": {"b": None}}, ""])
def test_any_json(api, value):
    made = make(api, value, tags=["t"])
    assert made["value"] == value and made["tags"] == ["t"]
    assert api.get(f"/variables/{made['id']}").json() == made
    assert api.get(f"/variables/name/{made['name']}").json() == made


def test_numbers_are_given_back_as_they_came(api):
    name = f"v-{uuid.uuid4()}"
    reply = api.post("/variables/", content='{"name":"%s","value":12345678901234567890.10}' % name,
                     headers={"Content-Type": "application/json"})
    assert '"value":12345678901234567890.10' in reply.text


def test_names_are_taken_once(api):
    one, two = make(api), make(api)
    assert api.post("/variables/", json={"name": one["name"], "value": 1}).status_code == 409
    assert api.patch(f"/variables/{two['id']}", json={"name": one["name"]}).status_code == 409
    assert api.patch(f"/variables/name/{two['name']}", json={"name": one["name"]}).status_code == 409
    assert api.patch(f"/variables/{one['id']}", json={"name": one["name"]}).status_code == 204


@pytest.mark.parametrize("name", ["", "Upper", "a b", "a.b", "é", "a/b", "x" * 256])
def test_names(api, name):
    assert api.post("/variables/", json={"name": name, "value": 1}).status_code == 422


@pytest.mark.parametrize("length, status", [(4998, 201), (4999, 422)])
def test_the_length_of_a_value(api, length, status):
    body = {"name": f"v-{uuid.uuid4()}", "value": "x" * length}
    assert api.post("/variables/", json=body).status_code == status


def test_update_and_delete_by_either(api):
    for path in ("/variables/{id}", "/variables/name/{name}"):
        made = make(api)
        here = path.format(**made)
        assert api.patch(here, json={"value": {"n": 2}, "tags": ["x"]}).status_code == 204
        now = api.get(here).json()
        assert (now["value"], now["tags"], now["name"]) == ({"n": 2}, ["x"], made["name"])
        assert api.delete(here).status_code == 204
        assert [api.get(here).status_code, api.delete(here).status_code,
                api.patch(here, json={"value": 1}).status_code] == [404, 404, 404]


def test_filters(api):
    one, two = make(api, tags=["p", "q"]), make(api)

    def among(**filters):
        listed = api.post("/variables/filter", json={"variables": filters, "limit": 200}).json()
        return {v["id"] for v in listed} & {one["id"], two["id"]}

    assert among(tags={"all_": ["p"]}) == {one["id"]}
    assert among(tags={"is_null_": True}) == {two["id"]}
    assert among(name={"any_": [two["name"]]}) == {two["id"]}
    assert among(name={"like_": one["name"][3:20]}) == {one["id"]}
    assert among(id={"any_": [one["id"], two["id"]]}) == {one["id"], two["id"]}
    assert api.post("/variables/count", json={"variables": {"id": {"any_": [one["id"]]}}}).json() == 1
