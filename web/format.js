// Numbers, times and names as people read them.

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const absolute = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** A metric's value in at most six significant digits. */
export function number(value) {
  if (value === undefined || value === null) return "";
  const n = Number(value);
  if (!Number.isFinite(n)) return String(value);
  if (n === 0) return "0";
  const size = Math.abs(n);
  if (size >= 1e15 || size < 1e-4) return n.toExponential(3);
  if (Number.isInteger(n)) return n.toLocaleString("en");
  return String(Number(n.toPrecision(size >= 1e5 ? 8 : 5)));
}

/** A short text for an axis. */
export function tick(value) {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size >= 1e6 || size < 1e-3) return value.toExponential(1).replace(".0e", "e");
  return String(Number(value.toPrecision(4)));
}

export function time(ms) {
  return ms ? absolute.format(new Date(ms)) : "";
}

export function ago(ms) {
  if (!ms) return "";
  const seconds = (ms - Date.now()) / 1000;
  const units = [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600],
                 ["minute", 60]];
  for (const [unit, length] of units) {
    if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
  }
  return "just now";
}

export function duration(ms) {
  if (ms === undefined || ms === null || Number.isNaN(ms) || ms < 0) return "";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function bytes(n) {
  if (n === undefined || n === null) return "";
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  let size = n;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}

export function runDuration(info) {
  if (!info.start_time) return "";
  if (info.end_time) return duration(info.end_time - info.start_time);
  return info.status === "RUNNING" ? duration(Date.now() - info.start_time) : "";
}

/** Tell whether less is better, by the usual names of errors and losses. */
export function lessIsBetter(metric) {
  return /loss|err|rmse|mse|mae|mape|deviance|perplexity|brier|latency|time|seconds/i.test(metric);
}

/** A key as the search language takes it. */
export function quoted(entity, key) {
  return `${entity}.\`${key}\``;
}

export function tagsOf(list) {
  return Object.fromEntries((list ?? []).map((tag) => [tag.key, tag.value]));
}
