"""Concurrency limits by name: their slots, rates and leases."""

import sqlite3
import time
import uuid

import pytest

from harness.objects import wait_for

LIMITS = "/v2/concurrency_limits"


def make(api, limit=1, **fields):
    reply = api.post(f"{LIMITS}/", json={"name": f"limit-{uuid.uuid4()}", "limit": limit} | fields)
    assert reply.status_code == 201, reply.text
    return reply.json()


def seen(api, limit):
    return api.get(f"{LIMITS}/{limit['id']}").json()


def taken(api, limit):
    return seen(api, limit)["active_slots"]


def ask(api, *limits, slots=1, how="increment", **more):
    return api.post(f"{LIMITS}/{how}", json={"names": [limit["name"] for limit in limits],
                                             "slots": slots} | more)


def lease(api, *limits, **more):
    reply = ask(api, *limits, how="increment-with-lease", **more)
    assert reply.status_code == 200, reply.text
    return reply.json()


# ---- the limits themselves ----

def test_a_limit_is_made_read_and_changed_by_id_and_by_name(api):
    made = make(api, 3)
    assert (made["limit"], made["active"], made["active_slots"], made["slot_decay_per_second"],
            made["avg_slot_occupancy_seconds"]) == (3, True, 0, 0.0, 2.0)
    for key in ("id", "name"):
        path = f"{LIMITS}/{made[key]}"
        assert api.get(path).json() == made
        change = {"limit": made["limit"] + 1, "active": False, "active_slots": 2, "name": None}
        assert api.patch(path, json=change).status_code == 204
        made = api.get(path).json()
        assert (made["limit"], made["active"], made["active_slots"]) == (
            change["limit"], False, 2)
    assert api.delete(f"{LIMITS}/{made['name']}").status_code == 204
    for path in (f"{LIMITS}/{made['id']}", f"{LIMITS}/{made['name']}"):
        replies = [api.get(path), api.patch(path, json={"limit": 1}), api.delete(path)]
        assert [reply.status_code for reply in replies] == [404] * 3
        assert replies[0].json() == {"detail": "Concurrency Limit not found"}


def test_they_are_listed_by_name(api):
    names = [f"{letter}-{uuid.uuid4()}" for letter in "cab"]
    for name in names:
        make(api, name=name)
    listed = [found["name"] for found in api.post(f"{LIMITS}/filter", json={"limit": 200}).json()]
    assert [name for name in listed if name in names] == sorted(names)
    assert len(api.post(f"{LIMITS}/filter", json={"limit": 1, "offset": 1}).json()) == 1


def test_a_name_is_taken_once(api):
    one, two = make(api), make(api)
    assert api.post(f"{LIMITS}/", json={"name": one["name"], "limit": 1}).status_code == 409
    assert api.patch(f"{LIMITS}/{two['id']}", json={"name": one["name"]}).status_code == 409
    assert api.patch(f"{LIMITS}/{one['id']}", json={"name": one["name"]}).status_code == 204


@pytest.mark.parametrize("change", [
    {"name": ""}, {"name": "a/b"}, {"name": "a%"}, {"name": "<b>"}, {"limit": -1},
    {"limit": 2**31}, {"limit": 1.5}, {"limit": "1"}, {"active": "yes"},
    {"slot_decay_per_second": -0.1}, {"active_slots": -1}, {"denied_slots": 10**18}])
def test_what_a_limit_may_not_be(api, change):
    [member] = change
    made = make(api)
    for reply in (api.post(f"{LIMITS}/", json={"name": "x", "limit": 1} | change),
                  api.patch(f"{LIMITS}/{made['id']}", json=change)):
        assert reply.status_code == 422
        assert reply.json()["errors"][0]["path"] == member
    assert seen(api, made) == made


# ---- slots ----

def test_no_more_slots_than_there_are(api):
    limit = make(api, 2)
    for _ in range(2):
        assert ask(api, limit).json() == [{key: limit[key] for key in ("id", "name", "limit")}]
    refused = ask(api, limit)
    assert refused.status_code == 423 and 0 < float(refused.headers["Retry-After"]) < 30
    assert taken(api, limit) == 2
    assert ask(api, limit, how="decrement").status_code == 200
    assert taken(api, limit) == 1 and ask(api, limit).status_code == 200


def test_all_of_them_or_none(api):
    free, full = make(api, 5), make(api, 1, active_slots=1)
    assert ask(api, free, full).status_code == 423
    assert taken(api, free) == 0
    ask(api, full, how="decrement")
    assert ask(api, free, full).status_code == 200
    assert (taken(api, free), taken(api, full)) == (1, 1)


def test_a_name_that_is_asked_for_twice_counts_once(api):
    limit = make(api, 2)
    assert len(ask(api, limit, limit).json()) == 1
    assert taken(api, limit) == 1


def test_more_than_are_taken_are_not_given_back(api):
    limit = make(api, 5, active_slots=2)
    ask(api, limit, how="decrement", slots=4)
    assert taken(api, limit) == 0


def test_names_of_no_limit_count_for_nothing(api):
    limit = make(api, 1)
    nobody = {"name": "nobody"}
    assert len(ask(api, limit, nobody).json()) == 1
    assert ask(api, nobody, how="decrement").json() == []
    assert lease(api, nobody)["limits"] == []


def test_a_limit_that_is_off_limits_nothing(api):
    limit = make(api, 0, active=False)
    assert ask(api, limit, slots=7).status_code == 200 and taken(api, limit) == 0


def test_more_than_a_limit_has_can_never_be_had(api):
    reply = ask(api, make(api, 2), slots=3)
    assert reply.status_code == 422
    assert reply.json() == {"detail": "Slots requested is greater than the limit"}


@pytest.mark.parametrize("body", [
    {"names": ["a"]}, {"slots": 1}, {"names": "a", "slots": 1}, {"names": [1], "slots": 1},
    {"names": ["a"], "slots": 0}, {"names": ["a"], "slots": 2**31}, {"names": ["a"] * 1001, "slots": 1},
    {"names": ["a"], "slots": 1, "mode": "other"}])
def test_what_may_not_be_asked_for(api, body):
    for how in ("increment", "increment-with-lease"):
        assert api.post(f"{LIMITS}/{how}", json=body).status_code == 422


def test_the_more_ask_in_vain_the_longer_they_wait(api):
    limit = make(api, 1, active_slots=1)

    def waits():
        return float(ask(api, limit).headers["Retry-After"])

    first = waits()
    assert 2 * 0.5 < first < 2 * 1.4
    for _ in range(5):
        last = waits()
    assert last > 2 * first
    for _ in range(30):
        last = waits()
    assert 15 < last < 40, "nobody waits much longer than 30 s"
    assert seen(api, limit)["denied_slots"] >= 30


def test_how_long_slots_are_taken_is_learned(api):
    limit = make(api, 1, active_slots=1)
    ask(api, limit, how="decrement", occupancy_seconds=10.0)
    assert seen(api, limit)["avg_slot_occupancy_seconds"] == 6.0


# ---- rates ----

def test_slots_that_decay_are_free_again(api):
    limit = make(api, 2, slot_decay_per_second=4.0)
    assert [ask(api, limit, mode="rate_limit").status_code for _ in range(3)] == [200, 200, 423]
    wait_for(lambda: taken(api, limit) <= 1)
    assert ask(api, limit, mode="rate_limit").status_code == 200


def test_the_rate_holds_however_often_one_asks(api):
    limit = make(api, 1, slot_decay_per_second=5.0)
    begun = time.monotonic()
    got = 0
    while time.monotonic() < begun + 2:
        got += ask(api, limit, mode="rate_limit").status_code == 200
        time.sleep(0.005)
    assert 8 <= got <= 11


def test_a_limit_without_decay_is_no_rate(api):
    limit = make(api)
    reply = ask(api, limit, mode="rate_limit")
    assert reply.status_code == 422 and limit["name"] in reply.json()["detail"]


def test_a_decay_without_end_is_a_decay(api):
    limit = make(api, 3, slot_decay_per_second=1e308, active_slots=3)
    assert taken(api, limit) == 0 and ask(api, limit).status_code == 200


# ---- leases ----

def test_a_lease_gives_its_slots_back_once(api):
    one, two = make(api, 5), make(api, 5)
    held = lease(api, one, two, slots=2)
    assert {found["id"] for found in held["limits"]} == {one["id"], two["id"]}
    for _ in range(2):
        reply = api.post(f"{LIMITS}/decrement-with-lease", json={"lease_id": held["lease_id"]})
        assert reply.status_code == 204
        assert (taken(api, one), taken(api, two)) == (0, 0)


def test_a_lease_on_what_is_off_gives_back_only_what_it_took(api):
    limit = make(api, 5, active=False, active_slots=3)
    held = lease(api, limit)
    api.patch(f"{LIMITS}/{limit['id']}", json={"active": True})
    api.post(f"{LIMITS}/decrement-with-lease", json={"lease_id": held["lease_id"]})
    assert taken(api, limit) == 3


def test_renewing(api):
    held = lease(api, make(api))
    path = f"{LIMITS}/leases/{held['lease_id']}/renew"
    assert api.post(path, json={"lease_duration": 60}).status_code == 204
    assert api.post(path).status_code == 204
    api.post(f"{LIMITS}/decrement-with-lease", json={"lease_id": held["lease_id"]})
    assert api.post(path, json={"lease_duration": 60}).status_code == 410


@pytest.mark.parametrize("seconds", [59, 86401, "60", None])
def test_how_long_a_lease_may_be(api, seconds):
    assert ask(api, make(api), how="increment-with-lease",
               lease_duration=seconds).status_code == 422
    path = f"{LIMITS}/leases/{lease(api, make(api))['lease_id']}/renew"
    assert api.post(path, json={"lease_duration": seconds}).status_code == 422


def edit(server, sql, *values):
    with sqlite3.connect(server.data / "fermata.db") as database:
        changed = database.execute(sql, values).rowcount
    database.close()
    return changed


def test_a_lease_that_runs_out_gives_its_slots_back(fresh_server):
    api = fresh_server.api
    limit, kept = make(api, 3), make(api, 3)
    late, later = lease(api, limit, slots=2), lease(api, kept)
    fresh_server.stop()
    soon = int((time.time() + 1) * 1e6)
    assert edit(fresh_server, "UPDATE slot_leases SET expires = ? WHERE id = ?", soon,
                late["lease_id"]) == 1
    fresh_server.start()
    wait_for(lambda: taken(api, limit) == 0)
    assert time.time() * 1e6 >= soon and taken(api, kept) == 1
    assert api.post(f"{LIMITS}/leases/{late['lease_id']}/renew").status_code == 410
    assert api.post(f"{LIMITS}/leases/{later['lease_id']}/renew").status_code == 204


def test_slots_and_leases_outlive_the_server(fresh_server):
    api = fresh_server.api
    limit = make(api, 1)
    held = lease(api, limit)
    fresh_server.kill9()
    fresh_server.start()
    assert ask(api, limit).status_code == 423
    api.post(f"{LIMITS}/decrement-with-lease", json={"lease_id": held["lease_id"]})
    assert ask(api, limit).status_code == 200


def test_a_limit_that_is_deleted_takes_its_leases_along(fresh_server):
    api = fresh_server.api
    limit, other = make(api), make(api)
    both, one = lease(api, limit, other), lease(api, make(api, name="third"))
    assert api.delete(f"{LIMITS}/{limit['id']}").status_code == 204
    assert api.delete(f"{LIMITS}/third").status_code == 204
    assert api.post(f"{LIMITS}/leases/{one['lease_id']}/renew").status_code == 410
    api.post(f"{LIMITS}/decrement-with-lease", json={"lease_id": both["lease_id"]})
    assert taken(api, other) == 0
