import { duration } from "../../lib/times";
import type { Schedule } from "../../api/types";

/** "every 5 min", "cron 0 9 * * 1 in Europe/Rome". */
export function scheduleText({ schedule }: Schedule): string {
  const zone = schedule.timezone && schedule.timezone !== "UTC" ? ` in ${schedule.timezone}` : "";
  if (schedule.cron) return `cron ${schedule.cron}${zone}`;
  if (schedule.interval !== undefined)
    return `every ${duration(schedule.interval * 1000).replace(".0 s", " s")}`;
  return `${(schedule.rrule ?? "").replace(/^RRULE:/m, "")}${zone}`;
}
