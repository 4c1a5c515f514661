"""The server's description of itself: valid OpenAPI 3.1, complete, and binding."""

import re

import httpx
import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from harness.contract import Contract
from harness.objects import make_flow


@pytest.fixture(scope="module")
def document(server):
    return httpx.get(server.url + "/openapi.json", trust_env=False).raise_for_status().json()


def operations(document):
    return [(path, method, operation) for path, item in document["paths"].items()
            for method, operation in item.items()]


def test_it_is_valid(document):
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


def test_every_schema_is_a_schema(document):
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_it_is_also_below_api(server, document):
    assert server.api.get("/openapi.json").json() == document


def test_schemas_have_names(document):
    for name in ("FlowRun", "FlowRunFilter", "FlowFilter", "State", "Outcome", "InputRequest",
                 "Variable", "VariableCreate", "VariableUpdate", "Log", "Detail", "Invalid"):
        assert name in document["components"]["schemas"]
    used = set(re.findall(r'#/components/schemas/([^"\']+)', str(document)))
    assert used == set(document["components"]["schemas"])


def test_each_operation_says_what_it_is(document):
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert all(operation["summary"] for _, _, operation in operations(document))


def test_paths_have_their_parameters(document):
    for path, _, operation in operations(document):
        named = {p["name"]: p for p in operation["parameters"] if p.get("in") == "path"}
        assert set(named) == set(re.findall(r"{(\w+)}", path))
        assert named.get("id", {"schema": {"format": "uuid"}})["schema"]["format"] == "uuid"


def parameter_names(document, path, method):
    return [p.get("$ref", "").rpartition("/")[2] or p["name"]
            for p in document["paths"][path][method]["parameters"]]


def test_headers_are_told_where_they_count(document):
    assert "Prefer" in parameter_names(document, "/api/flow_runs/{id}", "get")
    assert "IfNoneMatch" in parameter_names(document, "/api/flow_runs/{id}", "get")
    assert "IdempotencyKey" in parameter_names(document, "/api/flow_runs/", "post")
    assert "IdempotencyKey" not in parameter_names(document, "/api/flow_runs/filter", "post")
    assert parameter_names(document, "/api/flow_run_states/", "get")[0] == "flow_run_id"
    assert parameter_names(document, "/api/health", "get") == []


def test_filters_and_sorts(document):
    body = document["paths"]["/api/flow_runs/filter"]["post"]["requestBody"]
    assert body["required"] is False
    properties = body["content"]["application/json"]["schema"]["properties"]
    assert "EXPECTED_START_TIME_DESC" in properties["sort"]["enum"]
    assert properties["flows"]["anyOf"][0]["$ref"].endswith("/FlowFilter")
    state = document["components"]["schemas"]["FlowRunFilter"]["properties"]["state"]
    name = state["anyOf"][0]["$ref"].rpartition("/")[2]
    kind = document["components"]["schemas"][name]["properties"]["type"]["properties"]
    assert set(kind) == {"any_", "not_any_", "operator"}
    assert "RUNNING" in kind["any_"]["items"]["enum"]


def test_bodies_say_what_they_take(document):
    variable = document["components"]["schemas"]["VariableCreate"]
    assert variable["required"] == ["name", "value"]
    assert variable["properties"]["name"]["maxLength"] == 255
    assert variable["properties"]["tags"]["default"] == []
    assert variable["additionalProperties"] is False
    assert "id" not in variable["properties"]


# ---- the check of replies that all these tests rest on ----

def answer(method, url, status, json=None, **more):
    request = httpx.Request(method, url)
    return httpx.Response(status, json=json, request=request, **more)


@pytest.fixture
def contract(server):
    return Contract.of(server.url)


def test_a_reply_as_described_passes(server, contract):
    contract.check(answer("GET", f"{server.url}/api/health", 200, True))


@pytest.mark.parametrize("method, path, status, body", [
    ("GET", "/api/health", 200, "yes"),                    # another type
    ("GET", "/api/health", 418, {"detail": "tea"}),        # a status that is not described
    ("GET", "/api/nowhere", 200, {}),                      # a route that is not
    ("GET", "/api/nowhere", 404, {"error": "x"}),          # a refusal in another shape
    ("GET", "/api/flows/x", 405, {"message": "x"}),
    ("POST", "/api/flows/", 201, {"name": "x"}),           # members are missing
    ("POST", "/api/flows/", 422, {"detail": "x", "more": 1}),
    ("POST", "/api/flows/filter", 200, {}),
])
def test_a_reply_not_as_described_fails(server, contract, method, path, status, body):
    with pytest.raises(AssertionError):
        contract.check(answer(method, server.url + path, status, body))


def test_a_member_too_much_or_of_another_type_fails(server, contract):
    flow = make_flow(server.api)
    url = f"{server.url}/api/flows/{flow['id']}"
    contract.check(answer("GET", url, 200, flow))
    for change in ({"more": 1}, {"tags": "x"}, {"id": "x"}, {"created": "yesterday"}):
        with pytest.raises(AssertionError):
            contract.check(answer("GET", url, 200, flow | change))
