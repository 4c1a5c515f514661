"""Results kept as JSON, as a table, and on the page docs/performance.md."""

import dataclasses
import json
import platform
import re
import subprocess
from pathlib import Path

from contestants import ROOT
from drawing import draw
from measure import DURATION, OURS, Sample, quantile

PAGE = ROOT / "docs/performance.md"
IMAGES = ROOT / "docs/images/performance"
HEAD = ("| what | Fermata | p50, p99 | beside it | reach | reached |\n"
        "|---|---|---|---|---|---|\n")


def errors_of(sample):
    if not sample.errors:
        return ""
    return f", {sample.errors / (sample.errors + sample.requests):.1%} of the requests refused"


class Results:
    """What was measured, of all runs of script/bench, perhaps some at a time: a measure that runs again
    is replaced."""

    def __init__(self, path, measures):
        self.path = path
        self.measures = measures

    @classmethod
    def read(cls, path):
        return cls(path, json.loads(path.read_text())["measures"] if path.exists() else {})

    def keep(self, name, measure, samples, load_average, quick):
        self.measures = self.read(self.path).measures
        self.measures[name] = {
            "title": measure.title, "quick": quick, "commit": f"`{machine()['commit']}`",
            "load_average_before": load_average,
            "ways": {way: [dataclasses.asdict(sample) for sample in found]
                     for way, found in samples.items()}}
        self.path.write_text(json.dumps({"machine": machine(), "versions": versions(), "measures": self.measures}, indent=1))

    def best(self, name, measure):
        """The best sample of each way that has any."""
        ways = {way: [Sample(**sample) for sample in samples]
                for way, samples in self.measures[name]["ways"].items() if way in measure.ways}
        return {way: next(sample for sample in samples if sample.value
                          == measure.unit.best([each.value for each in samples]))
                for way, samples in ways.items() if samples}


def machine():
    """What the figures depend on."""
    cpu = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, text=True,
                            capture_output=True).stdout.strip()
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text()).group(1))
    return {"cpu": cpu.group(1) if cpu else platform.machine(),
            "cores": len(re.findall(r"^processor", Path("/proc/cpuinfo").read_text(), re.M)),
            "memory": f"{memory / 1e6:.0f} GB", "kernel": platform.release(), "commit": commit}


def versions():
    """Of those who are measured, and of what the server stands on."""
    prefect = re.search(r"^prefect==(\S+)", (ROOT / "tests/requirements-prefect.txt").read_text(),
                        re.M).group(1)
    restate = json.loads((ROOT / "bench/restate/package.json").read_text())["dependencies"]
    libraries = {name: subprocess.run(["pkg-config", "--modversion", package], text=True,
                                      capture_output=True).stdout.strip()
                 for name, package in (("SQLite", "sqlite3"), ("libwebsockets", "libwebsockets"),
                                       ("libuv", "libuv"))}
    return {"Prefect": prefect, "Restate": restate["@restatedev/restate-server"]} | libraries


def tail(sample):
    if not sample.latencies:
        return "–"
    return ", ".join(DURATION.write(quantile(sample.latencies, part)) for part in (0.5, 0.99))


def beside(measure, best):
    """The other ways, each with how many times better than it ours is."""
    ours = best.get(OURS)
    cells = []
    for way, sample in best.items():
        if way == OURS:
            continue
        text = f"{way}: {measure.unit.write(sample.value)}"
        if ours and sample.value and ours.value:
            ratio = (ours.value / sample.value if measure.unit.more_is_better
                     else sample.value / ours.value)
            text += f" ({ratio:.2g} ×)" if ratio < 10 else f" ({ratio:,.0f} ×)"
        if sample.latencies and measure.unit is not DURATION:
            text += f", p50, p99 {tail(sample)}"
        elif sample.latencies:
            text += f", p99 {DURATION.write(quantile(sample.latencies, 0.99))}"
        cells.append(text + errors_of(sample))
    return "<br>".join(cells) or "–"


def is_reached(goal, best):
    """Yes, no, or a dash where a figure is missing."""
    try:
        return "yes" if goal.reached(best) else "**no**"
    except (KeyError, TypeError):
        return "–"


def row(results, name, measure):
    best = results.best(name, measure)
    ours = best.get(OURS)
    quick = " (quick)" if results.measures[name]["quick"] else ""
    return (f"| {measure.title}{quick} | {measure.unit.write(ours.value) + errors_of(ours) if ours else '–'} "
            f"| {tail(ours) if ours else '–'} | {beside(measure, best)} "
            f"| {'<br>'.join(goal.text for goal in measure.goals) or '–'} "
            f"| {'<br>'.join(is_reached(goal, best) for goal in measure.goals) or '–'} |\n")


def table(results, measures, names=()):
    return HEAD + "".join(row(results, name, measure) for name, measure in measures.items()
                          if name in results.measures and (not names or name in names))


def drawings(results, measures):
    """Draws each measure's latencies; the Markdown that shows them."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    shown = []
    for name, measure in measures.items():
        if name not in results.measures:
            continue
        latencies = {way: sample.latencies for way, sample in results.best(name, measure).items()
                     if sample.latencies}
        if latencies:
            (IMAGES / f"{name}.svg").write_text(draw(measure.title, latencies))
            shown.append(f"![{measure.title}](images/performance/{name}.svg)\n")
    return "\n".join(shown)


def setting(results):
    """A sentence on the machine."""
    about = machine()
    loads = [kept["load_average_before"] for kept in results.measures.values()]
    quick = any(kept["quick"] for kept in results.measures.values())
    commits = dict.fromkeys(kept["commit"] for kept in results.measures.values())
    return (f"Commit: {', '.join(commits)}. {about['cores']} cores ({about['cpu']}), "
            f"{about['memory']} of memory, Linux {about['kernel']}. Load average before a measure: "
            f"{min(loads):.1f} to {max(loads):.1f}."
            + (" Rows with (quick) were measured with `--quick`, for a shorter time and once."
               if quick else "") + "\n\n"
            + ", ".join(f"{name} {version}" for name, version in versions().items()) + ".\n")


def update_page(results, measures):
    """Replaces what stands between the page's markers, <!-- NAME --> and <!-- end of NAME -->."""
    page = PAGE.read_text()
    for marker, text in (("machine", setting(results)), ("table", table(results, measures)),
                         ("drawings", drawings(results, measures))):
        begin, end = f"<!-- {marker} -->\n", f"<!-- end of {marker} -->\n"
        if begin not in page or end not in page:
            raise SystemExit(f"{PAGE} lacks the line {begin.strip()} or {end.strip()}")
        page = page.partition(begin)[0] + begin + text + end + page.partition(end)[2]
    PAGE.write_text(page)
