"""When schedules fire, held against cronsim, dateutil and zoneinfo on random rules and zones.

Drives the program tests/schedules/firing_times.c in the build directory FERMATA_BUILD. The rules
are the same in each run; FERMATA_SEED and FERMATA_RULES ask for others and for more.
"""

import os
import random
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

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
# Where clocks changed by less than an hour, not on the hour, or at midnight, cronsim loses its way if
# it follows the clock that is shown; there zoneinfo is asked minute by minute.
ODD_CHANGES = {"Australia/Lord_Howe", "America/Caracas", "America/St_Johns", "Pacific/Chatham",
               "Asia/Kathmandu", "Pacific/Apia", "Asia/Gaza", "America/Sao_Paulo",
               "America/Havana", "Asia/Beirut", "America/Santiago", "Asia/Tehran"}
SECOND = 1_000_000
FIRST = 788918400  # 1995
LAST = 2366841600  # 2045
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
FREQUENCIES = "YEARLY MONTHLY WEEKLY DAILY HOURLY MINUTELY SECONDLY".split()
RRULE_WEEKDAYS = "MO TU WE TH FR SA SU".split()
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


def follows_shown_clock(fields):
    """Whether cron fires at each time that the clock shows, even if it shows it twice."""
    return fields[0].startswith("*") or fields[1].startswith("*")


def test_cron_fires_when_cronsim_says(firing_times):
    rng = random.Random(SEED)
    questions, expected = [], []
    while len(questions) < RULES:
        fields, day_or = random_cron(rng)
        theirs = for_cronsim(fields, day_or)
        zone = rng.choice(ZONES)
        after = random_after(rng, zone)
        if not theirs or (follows_shown_clock(fields) and zone in ODD_CHANGES):
            continue
        times = oracles.cronsim_times(theirs, zone, after, 5)
        if not times:
            continue
        questions.append(["cron", zone, after * SECOND, len(times), int(day_or), " ".join(fields)])
        expected.append(times)
    compare(questions, firing_times(questions), expected)


def test_cron_fires_when_the_clock_shows_it(firing_times):
    """The days around changes of clocks, minute by minute, in all zones."""
    rng = random.Random(SEED + 1)
    questions, expected = [], []
    while len(questions) < RULES // 5:
        fields = [random_field(rng, 0, 59), random_field(rng, 0, 23), "*", "*",
                  rng.choice(["*", random_weekday(rng)])]
        zone = rng.choice(ZONES)
        if not follows_shown_clock(fields):
            continue
        after = random_after(rng, zone)
        times = oracles.shown_times(for_cronsim(fields, True), zone, after, 20, after + 2 * 86400)
        questions.append(["cron", zone, after * SECOND, len(times), 1, " ".join(fields)])
        expected.append(times)
    compare(questions, firing_times(questions), expected)


def test_cron_with_seconds_and_years_fires_when_cronsim_says(firing_times):
    rng = random.Random(SEED + 2)
    questions, expected = [], []
    while len(questions) < RULES // 5:
        fields, day_or = random_cron(rng)
        theirs = for_cronsim(fields, day_or)
        if not theirs:
            continue
        second = random_field(rng, 0, 59)
        after = rng.randrange(FIRST, LAST)
        times = oracles.cronsim_times(f"{second} {theirs}", "UTC", after, 5)
        if not times:
            continue
        year = datetime.fromtimestamp(times[-1], oracles.UTC).year
        ours = " ".join([*fields, second] + rng.choice([[], [f"1970-{year}"]]))
        questions.append(["cron", "UTC", after * SECOND, len(times), int(day_or), ours])
        expected.append(times)
    compare(questions, firing_times(questions), expected)


def numbers(rng, low, high, signed=False, most=3):
    return ",".join(str(rng.randint(low, high) * (rng.choice([1, -1]) if signed else 1))
                    for _ in range(rng.randint(1, most)))


def random_byday(rng, parts):
    frequency = parts["FREQ"]
    if frequency not in ("YEARLY", "MONTHLY") or "BYWEEKNO" in parts or rng.random() < 0.5:
        return ",".join(rng.sample(RRULE_WEEKDAYS, rng.randint(1, 3)))
    highest = 53 if frequency == "YEARLY" and "BYMONTH" not in parts else 5
    return ",".join(f"{rng.choice(['', '+', '-'])}{rng.randint(1, highest)}"
                    f"{rng.choice(RRULE_WEEKDAYS)}" for _ in range(rng.randint(1, 3)))


def random_parts(rng):
    """A rule that the RFC allows and that dateutil understands as the RFC does."""
    frequency = rng.choice(FREQUENCIES)
    parts = {"FREQ": frequency}
    quick = frequency in ("MINUTELY", "SECONDLY")  # dateutil walks through all that is left out

    def perhaps(chance):
        return rng.random() < chance

    if perhaps(0.4):
        parts["INTERVAL"] = rng.randint(1, 50 if quick else 7)
    if not quick and perhaps(0.3):
        parts["BYMONTH"] = numbers(rng, 1, 12)
    if frequency == "YEARLY" and perhaps(0.25):
        parts["BYWEEKNO"] = numbers(rng, -51, 51).replace("0", "1")
    if frequency == "YEARLY" and perhaps(0.2):
        parts["BYYEARDAY"] = numbers(rng, 1, 366, signed=True, most=12)
    if not quick and frequency != "WEEKLY" and perhaps(0.3):
        parts["BYMONTHDAY"] = numbers(rng, 1, 31, signed=True)
    if perhaps(0.1 if quick else 0.4) or (
            "BYWEEKNO" in parts and not {"BYMONTHDAY", "BYYEARDAY"} & set(parts)):
        parts["BYDAY"] = random_byday(rng, parts)
    if perhaps(0.3):
        parts["BYHOUR"] = numbers(rng, 0, 23)
    if perhaps(0.3):
        parts["BYMINUTE"] = numbers(rng, 0, 59)
    if perhaps(0.2):
        parts["BYSECOND"] = numbers(rng, 0, 59)
    if any(name.startswith("BY") for name in parts) and perhaps(0.25):
        parts["BYSETPOS"] = numbers(rng, 1, 4, signed=True, most=2)
    if perhaps(0.3):
        parts["WKST"] = rng.choice(RRULE_WEEKDAYS)
    if perhaps(0.2):
        parts["COUNT"] = rng.randint(1, 40)
    return parts


def rule_text(parts):
    return ";".join(f"{name}={value}" for name, value in parts.items())


def random_rrule(rng, zone):
    """Text, and a time to ask after."""
    parts = random_parts(rng)
    reach = {"SECONDLY": 3600, "MINUTELY": 86400, "HOURLY": 20 * 86400}.get(
        parts["FREQ"], 1500 * 86400)
    after = random_after(rng, zone)
    start = oracles.wall_clock(after - rng.randint(-reach // 5, reach), ZoneInfo(zone))
    start = start.replace(second=rng.choice([0, start.second]))
    if parts["FREQ"] == "WEEKLY" and "BYSETPOS" in parts:
        first = RRULE_WEEKDAYS.index(parts.get("WKST", "MO"))
        start -= timedelta(days=(start.weekday() - first) % 7)
    if "COUNT" not in parts and rng.random() < 0.2:
        parts["UNTIL"] = f"{start + timedelta(seconds=rng.randint(0, 2 * reach)):%Y%m%dT%H%M%S}"
    lines = [f"DTSTART:{start:%Y%m%dT%H%M%S}", f"RRULE:{rule_text(parts)}"]
    if rng.random() < 0.25:
        days = [start + timedelta(days=rng.randint(0, reach // 86400)) for _ in range(3)]
        lines.append(f"{rng.choice(['EXDATE', 'RDATE'])}:"
                     + ",".join(f"{day:%Y%m%dT%H%M%S}" for day in days))
    if rng.random() < 0.1 and reach > 86400:
        lines.append(f"{rng.choice(['RRULE', 'EXRULE'])}:FREQ=DAILY;BYDAY="
                     f"{rng.choice(RRULE_WEEKDAYS)}")
    return "\n".join(lines), after


def test_rrule_fires_when_dateutil_says(firing_times):
    rng = random.Random(SEED + 3)
    questions, expected = [], []
    while len(questions) < RULES * 2 // 3:
        zone = rng.choice(ZONES)
        text, after = random_rrule(rng, zone)
        try:
            with oracles.at_most(0.1):
                times = oracles.dateutil_times(text, ZoneInfo(zone), after, 6)
        except (oracles.TooLong, ValueError, OverflowError):
            continue  # what cannot come, or not for long, is left to the unit tests
        if not times:
            continue
        questions.append(["rrule", zone, after * SECOND, 6, text])
        expected.append(times)
    compare(questions, firing_times(questions), expected)


def test_intervals_fire_evenly(firing_times):
    rng = random.Random(SEED + 4)
    questions, expected = [], []
    for _ in range(RULES):
        zone = rng.choice(ZONES)
        after = random_after(rng, zone)
        length = rng.choice([rng.randint(1, 86399), 86400 * rng.randint(1, 40),
                             rng.randint(86400, 40 * 86400)])
        anchor = after + rng.randint(-2000 * 86400, 500 * 86400)
        times = oracles.interval_times(length, anchor, ZoneInfo(zone), after, 6)
        questions.append(["interval", zone, after * SECOND, 6, length * SECOND, anchor * SECOND])
        expected.append(times)
    compare(questions, firing_times(questions), expected)


def test_every_zone_of_the_system_is_read_as_zoneinfo_reads_it(firing_times):
    """Midnights of a year in all zones: by their transitions, and by the rule after them."""
    questions, expected = [], []
    for zone in sorted(available_timezones()):
        if not zone[0].isupper() or zone == "Factory":
            continue
        for year in (1985, 2025, 2090):
            after = int(datetime(year, 1, 1, tzinfo=oracles.UTC).timestamp())
            times = oracles.interval_times(86400, after, ZoneInfo(zone), after, 366)
            questions.append(["interval", zone, after * SECOND, 366, 86400 * SECOND,
                              after * SECOND])
            expected.append(times)
    assert len(questions) > 1000
    compare(questions, firing_times(questions), expected)


# docs/schedules.md lists these.
@pytest.mark.parametrize("text, after, ours, theirs", [
    ("DTSTART:20260107T000000\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE;BYSETPOS=1", "2026-01-01",
     "2026-01-12", "2026-01-07"),
    ("RRULE:FREQ=YEARLY;BYWEEKNO=20", "2026-01-01", "2026-05-13", "2026-05-11"),
    ("RRULE:FREQ=YEARLY;BYWEEKNO=-52;BYDAY=MO", "2024-12-25", "2024-12-30", "2026-01-05"),
    ("RRULE:FREQ=YEARLY;BYWEEKNO=53;WKST=SU;BYDAY=SA", "2026-06-01", "2032-01-03", "2027-01-02"),
    ("RRULE:FREQ=MONTHLY;BYDAY=MO,1TU", "2026-01-01", "2026-01-05", None),
])
def test_differences_from_dateutil(firing_times, text, after, ours, theirs):
    start = datetime.fromisoformat(after)
    [answer] = firing_times([["rrule", "UTC", oracles.to_seconds(start) * SECOND, 1, text]])
    assert answer == [oracles.to_seconds(datetime.fromisoformat(ours))]
    assert oracles.first_of_dateutil(text, start) == (theirs and datetime.fromisoformat(theirs))


@pytest.mark.parametrize("ours, theirs, zone, after, time", [
    ("* 2 * * *", "* 2 * * *", "Australia/Lord_Howe", "2008-04-05T12:00", "2008-04-05T15:30"),
    ("0 0 */2 * 1", "0 0 */2 * 1", "UTC", "2026-01-01T12:00", "2026-01-03T00:00"),
    ("30 2 * * * 0", "0 30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", "2026-03-29T01:00"),
    ("0 0 * * 1/2", "0 0 * * 1/2", "UTC", "2026-01-03T12:00", "2026-01-05T00:00"),
    ("7-7/20 0 * * *", "7-7/20 0 * * *", "UTC", "2026-01-01T00:10", "2026-01-02T00:07"),
])
def test_differences_from_cronsim(firing_times, ours, theirs, zone, after, time):
    start = oracles.to_seconds(datetime.fromisoformat(after))
    [answer] = firing_times([["cron", zone, start * SECOND, 1, 1, ours]])
    assert answer == [oracles.to_seconds(datetime.fromisoformat(time))]
    assert oracles.cronsim_times(theirs, zone, start, 1) != answer


def test_noise_is_refused_or_taken_and_never_hurts(firing_times):
    """Rules with some characters changed: an answer comes, and times increase."""
    rng = random.Random(SEED + 5)
    questions = []
    for _ in range(RULES):
        zone = rng.choice(ZONES)
        text, after = random_rrule(rng, zone)
        kind, text = rng.choice([("rrule", text), ("cron", " ".join(random_cron(rng)[0]))])
        characters = list(text)
        for _ in range(rng.randint(1, 3)):
            characters[rng.randrange(len(characters))] = rng.choice("0123456789*/-,#?LTZ=;: ABMORUY")
        question = [kind, zone, after * SECOND, 3, "".join(characters)]
        if kind == "cron":
            question.insert(4, 1)
        questions.append(question)
    for question, answer in zip(questions, firing_times(questions)):
        if isinstance(answer, str):
            assert answer.startswith(f"error: {question[0]}: "), (question, answer)
        else:
            assert answer == sorted(set(answer)) and all(
                time * SECOND > question[2] for time in answer), (question, answer)
