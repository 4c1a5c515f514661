#!/usr/bin/env python3
"""Counts the tests in a report: tests/tally.py REPORT prints "PASSED FAILED SKIPPED".

REPORT is pytest's JUnit XML, or Meson's testlog.json. A program of Meson's that uses cmocka counts
with the tests that cmocka says it ran, any other as one test. A program that failed without a
failed test (it crashed, or ran out of time) counts as one failed test more.
"""

import json
import re
import sys
import xml.etree.ElementTree as ElementTree

CMOCKA = {word: re.compile(rf"^\[ *{word} *\] (\d+) test\(s\)", re.MULTILINE)
          for word in ("PASSED", "FAILED", "SKIPPED")}
SKIPPED = 77  # exit status of a program that skips itself


def count_junit(path):
    passed = failed = skipped = 0
    for suite in ElementTree.parse(path).getroot().iter("testsuite"):
        wrong = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        passed += int(suite.get("tests")) - wrong - int(suite.get("skipped", 0))
        failed += wrong
        skipped += int(suite.get("skipped", 0))
    return passed, failed, skipped


def count_program(program):
    output = program.get("stdout", "") + "\n" + program.get("stderr", "")
    counts = [sum(map(int, CMOCKA[word].findall(output))) for word in ("PASSED", "FAILED", "SKIPPED")]
    if not any(counts):
        if program["returncode"] == SKIPPED:
            return [0, 0, 1]
        counts[0] = int(program["result"] == "OK")
    if program["result"] not in ("OK", "SKIP") and counts[1] == 0:
        counts[1] = 1
    return counts


def count_meson(path):
    with open(path, encoding="utf-8") as lines:
        programs = [json.loads(line) for line in lines]
    return [sum(column) for column in zip(*map(count_program, programs))] or [0, 0, 0]


if __name__ == "__main__":
    report = sys.argv[1]
    print(*(count_meson if report.endswith(".json") else count_junit)(report))
