"""Runs measures and prints their table; script/bench tells how it is called."""

import argparse
import os
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

import report
from contestants import BUILD
from measures import all_measures


def measure_way(way, quick, work):
    """One round of one way, in a directory that goes with it."""
    directory = Path(tempfile.mkdtemp(prefix="round-", dir=work))
    contestant = way.contestant(directory)
    try:
        contestant.start()
        try:
            return way.measure(contestant, quick)
        finally:
            contestant.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def measure_all(measure, quick, work):
    """The samples of all rounds, by way; a way that fails has those that it has."""
    samples = {name: [] for name in measure.ways}
    for number in range(1 if quick else measure.rounds):
        for name, way in measure.ways.items():
            if number >= way.rounds:
                continue
            try:
                sample = measure_way(way, quick, work)
            except Exception:
                traceback.print_exc()
                continue
            samples[name].append(sample)
            print(f"  round {number + 1}: {name}: {measure.unit.write(sample.value)}"
                  f"{report.errors_of(sample)}", file=sys.stderr, flush=True)
    return samples


def main():
    measures = all_measures()
    parser = argparse.ArgumentParser(prog="script/bench", add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("names", nargs="*", metavar="MEASURE")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in measures]:
        parser.error(f"unknown measure '{unknown[0]}'; there are: {', '.join(measures)}")
    work = BUILD / "bench"
    results = report.Results.read(BUILD / "bench/results.json")
    for name in options.names or measures:
        print(f"{measures[name].title} ({name})", file=sys.stderr, flush=True)
        load_before = os.getloadavg()[0]
        samples = measure_all(measures[name], options.quick, work)
        results.keep(name, measures[name], samples, load_before, options.quick)
    print(report.table(results, measures, options.names))
    if options.write:
        report.update_page(results, measures)


if __name__ == "__main__":
    main()
