// A log as text, to be copied or kept as a file, read part by part.
import type { Log } from "../../api/types";
import { CHUNK, type LogFilter, readLogs } from "./log_store";

const names = [
  [50, "CRITICAL"],
  [40, "ERROR"],
  [30, "WARNING"],
  [20, "INFO"],
] as const;

export const levelName = (level: number): string =>
  names.find(([least]) => level >= least)?.[1] ?? "DEBUG";

export const lineOf = ({ timestamp, level, name, message }: Log) =>
  `${timestamp} ${levelName(level).padEnd(8)} ${name} ${message}\n`;

/** `onProgress` hears after each part how many lines there are so far. */
export async function logText(
  runId: string,
  filter: LogFilter,
  onProgress: (lines: number) => void = () => {},
): Promise<string[]> {
  const parts: string[] = [];
  let after = 0;
  for (let lines = 0; ;) {
    const part = await readLogs(runId, filter, { after });
    parts.push(part.map(lineOf).join(""));
    lines += part.length;
    onProgress(lines);
    if (part.length < CHUNK) return parts;
    after = part.at(-1)!.seq;
  }
}

export function saveText(parts: string[], fileName: string) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type: "text/plain" }));
  link.download = fileName;
  link.click();
  URL.revokeObjectURL(link.href);
}
