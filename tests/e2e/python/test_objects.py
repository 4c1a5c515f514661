"""What flows of the stock client keep and share: artifacts, slots, blocks."""

import pytest

from harness.commands import Prefect

pytestmark = pytest.mark.timeout(240)

LIMITS = "/v2/concurrency_limits"


@pytest.fixture(scope="module")
def prefect(server, tmp_path_factory):
    return Prefect(server, tmp_path_factory.mktemp("prefect"))


def make_limit(api, name, **fields):
    reply = api.post(f"{LIMITS}/", json={"name": name} | fields)
    assert reply.status_code == 201, reply.text


# ---- artifacts ----

def test_artifacts(server, prefect):
    said = prefect.program("artifacts.py")
    assert "the last report: # Report 2" in said and "nobody's: None" in said
    assert """the people: [{"name": "Zo\\u00eb", "age": 40}] False""" in said
    latest = {found["key"]: found for found in server.api.post(
        "/artifacts/latest/filter", json={"flows": {"name": {"any_": ["shows"]}}}).json()}
    assert set(latest) == {"report", "people", "link", "picture", "progress"}
    assert (latest["progress"]["type"], latest["progress"]["data"]) == ("progress", 75.0)
    assert latest["link"]["data"] == "[There](https://example.org)"
    assert latest["report"]["description"] == "*What* happened"
    assert latest["report"]["task_run_id"] and latest["report"]["flow_run_id"]

    listed = prefect("artifact ls")
    assert all(key in listed for key in latest) and listed.count("report") == 1
    assert prefect("artifact ls --all").count("report") == 2
    inspected = prefect("artifact inspect report")
    assert "# Report 1" in inspected and "# Report 2" in inspected
    assert "not found" in prefect.refuses("artifact inspect nobodys")
    assert "Deleted artifact" in prefect(f"artifact delete --id {latest['report']['latest_id']}")
    assert "# Report 2" not in prefect("artifact inspect report")
    prefect("artifact delete report")
    assert "report" not in prefect("artifact ls")


# ---- slots ----

def test_tasks_with_a_tag_wait_for_one_another(server, prefect):
    assert "at most 3 at once" in prefect.program("slots.py", "tags")
    assert "concurrency_limit - 1" in prefect("concurrency-limit create narrow 1")
    assert "at most 1 at once" in prefect.program("slots.py", "tags")
    limit = server.api.get("/concurrency_limits/tag/narrow").json()
    assert limit["active_slots"] == []
    assert server.api.get(f"{LIMITS}/tag:narrow").json()["active_slots"] == 0


def test_slots_by_name(server, prefect):
    make_limit(server.api, "narrow", limit=1)
    make_limit(server.api, "wide", limit=5)
    assert "at most 1 at once" in prefect.program("slots.py", "names")
    for name in ("narrow", "wide"):
        assert server.api.get(f"{LIMITS}/{name}").json()["active_slots"] == 0


def test_a_rate(server, prefect):
    make_limit(server.api, "calls", limit=2, slot_decay_per_second=2.0)
    assert "took a second: True" in prefect.program("slots.py", "rate")


def test_a_limit_that_is_not_there(prefect):
    said = prefect.program("slots.py", "strict")
    assert "ConcurrencySlotAcquisitionError" in said and "in vain" not in said
    assert "without a limit" in said


def test_who_waits_too_long_gives_up(server, prefect):
    make_limit(server.api, "taken", limit=1, active_slots=1)
    said = prefect.program("slots.py", "late")
    assert "TimeoutError" in said and "in vain" not in said


# ---- blocks ----

LOADED = """\
https://example.org {user} s3cret-password {{'x-key': 's3cret-header'}} Key {token} 4611686018427387904 0.1
bob s3cret-inline
s3cret-word {{'a': ['s3cret-list']}}
"""


def test_blocks(server, prefect):
    prefect.program("blocks.py", "save")
    said = prefect.program("blocks.py", "load").splitlines()
    assert all(line in said for line in LOADED.format(user="ada", token="s3cret-token").splitlines())
    schemas = server.api.post("/block_schemas/filter", json={}).json()
    changed = prefect.program("blocks.py", "change")
    assert "name that is already in use" in changed
    assert "grace s3cret-password s3cret-other" in changed
    said = prefect.program("blocks.py", "load").splitlines()
    assert all(line in said for line in LOADED.format(user="grace", token="s3cret-other").splitlines())
    assert server.api.post("/block_schemas/filter", json={}).json() == schemas, \
        "the client knows them again by its own checksums"

    listed = prefect("block ls")
    for slug in ("our-account/main", "our-key/door", "our-store/things", "secret/word"):
        assert slug in listed
    inspected = prefect("block inspect our-store/things")
    assert "https://example.org" in inspected and "s3cret" not in inspected
    assert "keep-things" in str(server.api.get("/block_capabilities/").json())
    assert "/blocks/catalog/our-key/create" in prefect("block create our-key")
    types = prefect("block type ls")
    assert "our-store" in types and "Who we are there" in types
    assert "address" in prefect("block type inspect our-store")
    prefect("block delete our-key/door")
    assert "not found" in prefect.refuses("block inspect our-key/door")
    prefect("block type delete our-store")
    assert "our-store" not in prefect("block type ls")
    assert "s3cret" not in server.log()
