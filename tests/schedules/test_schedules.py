"""When schedules fire, held against cronsim, dateutil and zoneinfo on random rules and zones.

Drives the program tests/schedules/firing_times.c in the build directory FERMATA_BUILD. The rules
are the same in each run; FERMATA_SEED and FERMATA_RULES ask for others and for more.
"""

import os
import random
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import oracles

BUILD = Path(os.environ.get("FERMATA_BUILD", Path(__file__).parents[2] / "build"))
SEED = int(os.environ.get("FERMATA_SEED", "1"))
RULES = int(os.environ.get("FERMATA_RULES", "3000"))

ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia",
    "Asia/Kathmandu", "Europe/Dublin", "Africa/Casablanca", "America/St_Johns", "Asia/Tehran",
    "America/Sao_Paulo", "America/Havana", "Asia/Beirut", "Pacific/Chatham", "America/Santiago",
    "Antarctica/Troll", "Asia/Gaza", "Pacific/Kiritimati", "America/Caracas", "Europe/Moscow",
]
SECOND = 1_000_000
FIRST = 788918400  # 1995
LAST = 2366841600  # 2045
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
WEEKDAYS = "sun mon tue wed thu fri sat".split()


@pytest.fixture(scope="module")
def firing_times():
    """A function: lines of fields to lists of instants in seconds, or to the error's text."""
    program = BUILD / "tests" / "schedules" / "firing_times"

    def ask(questions):
        text = "".join("\t".join(str(field) for field in line).replace("\n", "\\n") + "\n"
                       for line in questions)
        done = subprocess.run([program], input=text, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        answers = done.stdout.split("\n")[:-1]
        assert len(answers) == len(questions)
        return [answer if answer.startswith("error: ")
                else [int(time) / SECOND for time in answer.split()] for answer in answers]

    return ask


def random_after(rng, zone):
    """Any time, or one up to two days before a change of clocks."""
    changes = oracles.clock_changes(zone, FIRST, LAST)
    if changes and rng.random() < 0.7:
        return rng.choice(changes) - rng.randrange(-3 * 3600, 2 * 86400)
    return rng.randrange(FIRST, LAST)


def compare(questions, answers, expected):
    wrong = [(question, answer[:8], should_be[:8])
             for question, answer, should_be in zip(questions, answers, expected)
             if answer != should_be]
    assert not wrong, f"{len(wrong)} of {len(questions)}, the first: {wrong[:12]}"


def random_field(rng, low, high, names=None, star=0.4):
    """The text of one field, in the words that ours and cronsim's grammar share."""
    def value(number):
        return names[number - low] if names and rng.random() < 0.3 else str(number)

    if rng.random() < star:
        return "*"
    items = []
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        first, last = sorted(rng.sample(range(low, high + 1), 2))
        step = rng.randint(1, max(2, (high - low) // 2))
        items.append(rng.choice([
            value(first), value(first), f"{value(first)}-{value(last)}",
            f"{value(first)}-{value(last)}/{step}", f"*/{step}"]))
    return ",".join(items)


def random_weekday(rng):
    if rng.random() < 0.2:
        return ",".join(f"{rng.choice(WEEKDAYS + list('01234567'))}#{rng.randint(1, 4)}"
                        for _ in range(rng.choice([1, 2])))
    if rng.random() < 0.1:
        return f"L{rng.randint(0, 7)}"
    if rng.random() < 0.1:
        return f"{rng.randint(0, 7)}"
    return random_field(rng, 0, 6, WEEKDAYS, star=0.6)


def random_cron(rng):
    """Fields of ours, and whether both days have to fit."""
    minute = random_field(rng, 0, 59, star=0.2)
    hour = random_field(rng, 0, 23, star=0.3)
    day = "L" if rng.random() < 0.1 else random_field(rng, 1, 31, star=0.5)
    month = random_field(rng, 1, 12, MONTHS, star=0.6)
    return [minute, hour, day, month, random_weekday(rng)], rng.random() < 0.7


def for_cronsim(fields, day_or):
    """The same for cronsim: "5L" for "L5"; there a star at the beginning of a day's field, and
    nothing else, says that both days have to fit. None if cronsim cannot say it."""
    minute, hour, day, month, weekday = fields
    if weekday.startswith("L"):
        weekday = weekday[1:] + "L"
    if day != "*" and weekday != "*":
        either = day_or and not is_all(day, weekday, range(1, 32)) and not is_all(
            weekday, day, range(7))
        if either:
            if day.startswith("*"):
                day = day.replace("*", "1-31", 1)
            if weekday.startswith("*"):
                weekday = weekday.replace("*", "0-6", 1)
        elif not day.startswith("*") and not weekday.startswith("*"):
            day = "*/31," + day if "1" in day.split(",") else None
    return day and " ".join([minute, hour, day, month, weekday])


def is_all(text, other, values):
    """Whether a list names all days, beside a field with a star in it: then it counts as a star."""
    if "*" not in other or "L" in text or "#" in text:
        return False
    names = {name: str(number) for number, name in enumerate(WEEKDAYS)}
    found = set()
    for item in text.split(","):
        base, _, step = item.partition("/")
        bounds = [names.get(bound, bound) for bound in base.split("-")]
        if base == "*":
            numbers = list(values)
        elif len(bounds) == 2:
            numbers = list(range(int(bounds[0]), int(bounds[1]) + 1))
        else:
            numbers = [int(bounds[0])]
        found.update(numbers[::int(step or 1)])
    return found >= set(values)


def test_cron_fires_when_cronsim_says(firing_times):
    rng = random.Random(SEED)
    questions, expected = [], []
    while len(questions) < RULES:
        fields, day_or = random_cron(rng)
        theirs = for_cronsim(fields, day_or)
        if not theirs:
            continue
        zone = rng.choice(ZONES)
        after = random_after(rng, zone)
        try:
            times = oracles.cronsim_times(theirs, zone, after, 5)
        except Exception as error:
            raise AssertionError((fields, theirs)) from error
        if not times:
            continue
        questions.append(["cron", zone, after * SECOND, len(times), int(day_or), " ".join(fields)])
        expected.append(times)
    compare(questions, firing_times(questions), expected)
