"""What script/bench measures with: the load, the programs of limits, and the table."""

import json
import subprocess
import sys
import uuid

from harness.objects import make_flow, make_run
from harness.server import ROOT, build_directory

sys.path.insert(0, str(ROOT / "bench"))

import drawing  # noqa: E402
import measure  # noqa: E402
import report  # noqa: E402

PROGRAMS = build_directory() / "bench"


def run(program, **options):
    arguments = [f"{name}={value}" for name, value in options.items()]
    ran = subprocess.run([PROGRAMS / program, *arguments], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def load(server, **options):
    return run("load", port=server.port, **options)


def counted(result):
    assert sum(count for _, count in result["histogram"]) == result["count"]
    return result["count"], result["errors"]


def test_load_sends_each_request_once(server, api):
    path = f"/flow_runs/{make_run(api)['id']}/input"
    body = '{"key": "key-{n}", "value": "\\"{n}\\""}'
    result = load(server, path=f"/api{path}", method="POST", body=body, connections=7, requests=50,
                  first=11)
    assert counted(result) == (50, 0)
    found = api.post(f"{path}/filter", json={"prefix": "", "limit": 200}).json()
    assert sorted(each["key"] for each in found) == [f"key-{n:010}" for n in range(11, 61)]
    assert {each["value"] for each in found} == {f'"{n:010}"' for n in range(11, 61)}


def test_load_goes_through_ids_and_rests(server, api, tmp_path):
    flow = make_flow(api)
    ids = [make_run(api, flow)["id"] for _ in range(3)] + [str(uuid.uuid4())]
    (tmp_path / "ids").write_text("".join(f"{id}\n" for id in ids))
    result = load(server, path="/api/flow_runs/{id}", ids=tmp_path / "ids", requests=8, pause=50)
    assert counted(result) == (6, 2)
    assert result["elapsed"] > 7 * 0.05


def test_load_ends_in_time(server):
    result = load(server, path="/api/health", connections=2, seconds=1, warmup=1)
    assert counted(result)[0] > 100 and result["errors"] == 0
    assert 1 <= result["elapsed"] < 2


def test_limits(fresh_server, tmp_path):
    run_id = make_run(fresh_server.api)["id"]
    fresh_server.stop()
    database = fresh_server.data / "fermata.db"
    commits = run("limit_sqlite", database=database, run=run_id, rows=3, seconds=1)["count"]
    fresh_server.start()
    found = fresh_server.api.post(f"/flow_runs/{run_id}/input/filter",
                                  json={"prefix": "", "limit": 10**6}).json()
    assert len(found) == 3 * commits > 0
    assert run("limit_disk", file=tmp_path / "block", seconds=1)["count"] > 0
    assert not (tmp_path / "block").exists()


def kept(tmp_path, unit, goals, **figures):
    """Results of one measure, with a round for each figure of each way."""
    row = measure.Measure("a row", unit, {name: None for name in figures}, goals)
    results = report.Results(tmp_path / "results.json", {})
    results.keep("row", row, {name: [measure.Sample(value) for value in values]
                              for name, values in figures.items()}, 0.5, False)
    return report.table(results, {"row": row})


def test_the_best_round_is_compared(tmp_path):
    goals = (measure.at_least(30, "Prefect"), measure.at_least(0.5, "A", "B"),
             measure.at_least(2, "missing"))
    table = kept(tmp_path, measure.RATE, goals, Fermata=[90, 100], Prefect=[3, 2], A=[190], B=[300])
    assert "| 100/s |" in table and "Prefect: 3.0/s (33 ×)" in table and "A: 190/s (0.53 ×)" in table
    assert table.endswith("| yes<br>yes<br>– |\n")
    goals = (measure.at_most(1.5, "A", "B"), measure.within(measure.DURATION, 0.001))
    table = kept(tmp_path, measure.DURATION, goals, Fermata=[0.004, 0.003], A=[0.001], B=[0.0005])
    assert "| 3 ms |" in table and "A: 1 ms (0.33 ×)" in table
    assert table.endswith("| **no**<br>**no** |\n")


def test_quantiles_and_their_drawing():
    latencies = [[0.001, 98], [0.5, 2]]
    assert [measure.quantile(latencies, part) for part in (0.5, 0.98, 0.99)] == [0.001, 0.001, 0.5]
    drawn = drawing.draw("a < b", {"Fermata": latencies})
    assert "a &lt; b" in drawn and "p50 1 ms, p99 500 ms" in drawn
