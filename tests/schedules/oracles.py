"""What the schedules are held against: cronsim and dateutil, and wall clocks by zoneinfo.

Times are instants in whole seconds since 1970; wall clocks are naive datetimes.
"""

import signal
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from dateutil.rrule import rrulestr

EPOCH = datetime(1970, 1, 1)
UTC = timezone.utc


def to_seconds(wall):
    return int((wall - EPOCH).total_seconds())


def wall_clock(instant, zone):
    moment = EPOCH.replace(tzinfo=UTC) + timedelta(seconds=instant)
    return moment.astimezone(zone).replace(tzinfo=None)


def instant_of(wall, zone):
    """RFC 5545, 3.3.5: the first of two, and by the offset before the gap where there is none."""
    return to_seconds(wall) - int(wall.replace(tzinfo=zone).utcoffset().total_seconds())


def offset_at(instant, zone):
    return to_seconds(wall_clock(instant, zone)) - instant


@lru_cache(maxsize=None)
def clock_changes(name, first, last):
    """The instants from `first` to `last` at which a zone's offset changes."""
    zone = ZoneInfo(name)
    changes = []
    step = 7 * 86400
    for low in range(first, last, step):
        high = low + step
        if offset_at(low, zone) == offset_at(high, zone):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            if offset_at(low, zone) == offset_at(middle, zone):
                low = middle
            else:
                high = middle
        changes.append(high)
    return changes


def cronsim_times(expression, name, after, count):
    """By cronsim, whose seconds come first. It begins anew at a wall clock, so that within a
    repeated hour it returns some times that are past."""
    start = datetime.fromtimestamp(after, UTC).astimezone(ZoneInfo(name))
    times = []
    try:
        sim = CronSim(expression, start)
    except CronSimError as error:
        assert str(error) == "Bad day-of-month", expression  # there is no such day
        return []
    for moment in sim:
        instant = int(moment.timestamp())
        if instant > after and (not times or instant > times[-1]):
            times.append(instant)
        if len(times) == count:
            break
    return times


def shown_times(expression, name, after, count, horizon):
    """Each minute whose wall clock fits, by looking at all of them until `horizon`."""
    zone = ZoneInfo(name)
    sim = CronSim(expression, datetime(2000, 1, 1))
    times = []
    instant = after - after % 60 + 60
    while instant <= horizon and len(times) < count:
        wall = wall_clock(instant, zone)
        if (wall.minute in sim.minutes and wall.hour in sim.hours and wall.month in sim.months
                and wall.second == 0 and sim.match_day(wall.date())):
            times.append(instant)
        instant += 60
    return times


class TooLong(Exception):
    """dateutil goes through all that a rule leaves out, if need be until the year 9999."""


@contextmanager
def at_most(seconds):
    def stop(signum, frame):
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def dateutil_times(text, zone, after, count):
    """By dateutil on wall clocks, which are then taken to instants as the RFC says. Wall clocks from
    two days before are looked at, since skipped ones come later than they say."""
    rule = rrulestr(text, dtstart=datetime(2020, 1, 1))
    times = set()
    enough = None
    for wall in rule.xafter(wall_clock(after, zone) - timedelta(days=2), inc=True):
        if enough and wall > enough:
            break
        instant = instant_of(wall, zone)
        if instant > after:
            times.add(instant)
        if len(times) > count and not enough:
            enough = wall + timedelta(hours=3)
    return sorted(times)[:count]


def first_of_dateutil(text, start):
    return rrulestr(text, dtstart=datetime(2020, 1, 1)).after(start)


def interval_times(length, anchor, zone, after, count):
    """Below a day in real time; else the wall clock goes on evenly from the anchor's."""
    if length < 86400:
        first = anchor + ((after - anchor) // length + 1) * length
        return [first + i * length for i in range(count)]
    start = wall_clock(anchor, zone)
    number = int((wall_clock(after, zone) - start).total_seconds()) // length - 3
    times = {instant_of(start + timedelta(seconds=length * i), zone)
             for i in range(number, number + count + 10)}
    return [time for time in sorted(times) if time > after][:count]
