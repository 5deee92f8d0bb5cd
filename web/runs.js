// The runs of one experiment: a table to search, sort, fold and compare.
import { get, post } from "./api.js";
import { append, copyButton, empty, h, replace } from "./dom.js";
import { ago, lessIsBetter, number, quoted, runDuration, tagsOf, time } from "./format.js";

const PAGE = 1000;
const MAX_DEFAULT_METRICS = 6;
const MAX_DEFAULT_PARAMS = 4;
const MAX_COMPARED = 20;
const ATTRIBUTES = [
  { id: "run_name", title: "Run", order: "attributes.run_name" },
  { id: "start_time", title: "Started", order: "attributes.start_time" },
  { id: "duration", title: "Duration" },
  { id: "user", title: "User", order: "attributes.user_id" },
];

function prepared(run) {
  const data = run.data ?? {};
  return {
    info: run.info,
    metrics: Object.fromEntries((data.metrics ?? []).map((m) => [m.key, Number(m.value)])),
    params: Object.fromEntries((data.params ?? []).map((p) => [p.key, p.value])),
    tags: tagsOf(data.tags),
  };
}

export function statusDot(status) {
  return h("span", { className: `status ${status.toLowerCase()}`, title: status,
                     role: "img", "aria-label": status });
}

function counted(runs, kind) {
  const counts = new Map();
  for (const run of runs) {
    for (const key of Object.keys(run[kind])) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([key]) => key);
}

// What tells runs apart comes first.
function telling(runs, keys) {
  const differs = (key) => new Set(runs.map((run) => run.params[key])).size > 1;
  return [...keys.filter(differs), ...keys.filter((key) => !differs(key))];
}

/** The whole page as an object: what was asked for, what came, and how it is shown. */
class RunsTable {
  constructor(experiment, signal) {
    this.experiment = experiment;
    this.signal = signal;
    this.runs = [];
    this.filter = "";
    this.view = "ACTIVE_ONLY";
    this.sort = { order: "attributes.start_time", down: true };
    this.token = undefined;
    this.picked = new Set();
    this.open = new Set();
    this.columns = this.remembered();
    this.message = h("p", { className: "problem", role: "alert", hidden: true });
    this.body = h("div", {});
    this.actions = h("span", { className: "actions" });
    this.menu = h("div", { className: "choices" });
    this.count = h("span", { className: "count" });
  }

  storageKey() {
    return `columns ${this.experiment.experiment_id}`;
  }

  remembered() {
    try {
      return JSON.parse(localStorage.getItem(this.storageKey())) ?? null;
    } catch {
      return null;
    }
  }

  request(token) {
    const order = `${this.sort.order} ${this.sort.down ? "DESC" : "ASC"}`;
    return {
      experiment_ids: [this.experiment.experiment_id], filter: this.filter, order_by: [order],
      run_view_type: this.view, max_results: PAGE, page_token: token,
    };
  }

  async load(token) {
    try {
      const page = await post("runs/search", this.request(token), this.signal);
      const runs = (page.runs ?? []).map(prepared);
      this.runs = token ? [...this.runs, ...runs] : runs;
      this.token = page.next_page_token;
      this.message.hidden = true;
    } catch (error) {
      if (this.signal.aborted) return;
      this.message.textContent = error.message;
      this.message.hidden = false;
    }
    this.metrics = counted(this.runs, "metrics");
    this.params = telling(this.runs, counted(this.runs, "params"));
    this.draw();
  }

  shown(kind) {
    if (this.columns) return this[kind].filter((key) => this.columns.includes(`${kind}.${key}`));
    return this[kind].slice(0, kind === "metrics" ? MAX_DEFAULT_METRICS : MAX_DEFAULT_PARAMS);
  }

  choose(kind, key, wanted) {
    const now = ["metrics", "params"].flatMap((k) => this.shown(k).map((one) => `${k}.${one}`));
    const name = `${kind}.${key}`;
    this.columns = wanted ? [...now, name] : now.filter((one) => one !== name);
    localStorage.setItem(this.storageKey(), JSON.stringify(this.columns));
    this.draw();
  }

  sortBy(order, downFirst) {
    const down = this.sort.order === order ? !this.sort.down : downFirst;
    this.sort = { order, down };
    return this.load();
  }

  header(title, order, downFirst, className) {
    if (!order) return h("th", { scope: "col", className }, title);
    const active = this.sort.order === order;
    const state = this.sort.down ? "descending" : "ascending";
    const arrow = active ? (this.sort.down ? " ↓" : " ↑") : "";
    return h("th", { scope: "col", className, "aria-sort": active ? state : "none" },
             h("button", { type: "button", className: "sort", title,
                           onclick: () => this.sortBy(order, downFirst) }, title, arrow));
  }

  heads() {
    const metrics = this.shown("metrics");
    const params = this.shown("params");
    const group = (title, n) => n > 0 && h("th", { colSpan: n, scope: "colgroup" }, title);
    return h("thead", {},
      (metrics.length > 0 || params.length > 0) && h("tr", { className: "groups" },
        h("th", { colSpan: ATTRIBUTES.length + 1 }), group("Metrics", metrics.length),
        group("Parameters", params.length)),
      h("tr", {}, h("th", { className: "pick" }, this.pickAll()),
        ATTRIBUTES.map(({ title, order }) => this.header(title, order, order?.endsWith("time"))),
        metrics.map((key) => this.header(key, quoted("metrics", key), !lessIsBetter(key), "number")),
        params.map((key) => this.header(key, quoted("params", key), false))));
  }

  pickAll() {
    const box = h("input", { type: "checkbox", "aria-label": "Select all runs shown" });
    box.checked = this.runs.length > 0 && this.picked.size === this.runs.length;
    box.addEventListener("change", () => {
      this.picked = new Set(box.checked ? this.runs.map((run) => run.info.run_id) : []);
      this.draw();
    });
    return box;
  }

  // Best and worst of each metric shown, for the bars and the star.
  ranges() {
    const out = {};
    for (const key of this.shown("metrics")) {
      const values = this.runs.map((run) => run.metrics[key]).filter(Number.isFinite);
      if (values.length < 2) continue;
      const low = values.reduce((a, b) => Math.min(a, b));
      const high = values.reduce((a, b) => Math.max(a, b));
      if (low < high) out[key] = { low, high, best: lessIsBetter(key) ? low : high };
    }
    return out;
  }

  metricCell(run, key, range) {
    const value = run.metrics[key];
    if (value === undefined) return h("td", { className: "number muted" }, "–");
    const best = range && value === range.best;
    const worst = range && (range.best === range.low ? range.high : range.low);
    const share = range ? (value - worst) / (range.best - worst) : 0;
    const bar = range && Number.isFinite(share) && h("span", {
      className: "bar", style: { width: `${(share * 100).toFixed(1)}%` } });
    return h("td", { className: `number metric${best ? " best" : ""}`, title: String(value) },
             bar, h("span", { className: "value" }, number(value)));
  }

  row(run, ranges, depth, children) {
    const { info } = run;
    const pick = h("input", { type: "checkbox", "aria-label": `Select ${info.run_name}` });
    pick.checked = this.picked.has(info.run_id);
    pick.addEventListener("change", () => {
      if (pick.checked) this.picked.add(info.run_id);
      else this.picked.delete(info.run_id);
      this.drawActions();
    });
    const folder = children.length > 0 && h("button", {
      type: "button", className: "fold", "aria-expanded": String(this.open.has(info.run_id)),
      "aria-label": `${children.length} child runs of ${info.run_name}`,
      onclick: () => this.fold(info.run_id),
    }, this.open.has(info.run_id) ? "▾" : "▸", h("span", {}, String(children.length)));
    const address = `#/experiments/${info.experiment_id}/runs/${encodeURIComponent(info.run_id)}`;
    return h("tr", { className: depth ? "child" : "" },
      h("td", { className: "pick" }, pick),
      h("td", { className: "name", style: { paddingLeft: `${10 + depth * 22}px` } },
        statusDot(info.status), h("a", { href: address }, info.run_name || info.run_id), folder),
      h("td", { title: time(info.start_time) }, ago(info.start_time)),
      h("td", {}, runDuration(info)),
      h("td", { className: "muted" }, info.user_id),
      this.shown("metrics").map((key) => this.metricCell(run, key, ranges[key])),
      this.shown("params").map((key) => h("td", { className: "clip", title: run.params[key] ?? "" },
                                          run.params[key] ?? h("span", { className: "muted" }, "–"))));
  }

  fold(runId) {
    if (!this.open.delete(runId)) this.open.add(runId);
    this.draw();
  }

  rows() {
    const known = new Set(this.runs.map((run) => run.info.run_id));
    const children = new Map();
    const roots = [];
    for (const run of this.runs) {
      const parent = run.tags["mlflow.parentRunId"];
      if (!parent || !known.has(parent) || parent === run.info.run_id) roots.push(run);
      else children.set(parent, [...(children.get(parent) ?? []), run]);
    }
    const ranges = this.ranges();
    const out = [];
    const add = (run, depth) => {
      const below = children.get(run.info.run_id) ?? [];
      out.push(this.row(run, ranges, depth, below));
      if (depth < 8 && this.open.has(run.info.run_id)) below.forEach((one) => add(one, depth + 1));
    };
    roots.forEach((run) => add(run, 0));
    return out;
  }

  drawActions() {
    const address = (ids) => `#/compare-runs?runs=${encodeURIComponent(JSON.stringify(ids))}`
      + `&experiments=${encodeURIComponent(JSON.stringify([this.experiment.experiment_id]))}`;
    const picked = [...this.picked].slice(0, MAX_COMPARED);
    const metric = this.sort.order.startsWith("metrics.");
    const best = this.runs.filter((run) => this.hasSortValue(run)).slice(0, 5)
      .map((run) => run.info.run_id);
    replace(this.actions,
      picked.length > 1 && h("a", { className: "button strong", href: address(picked) },
                             `Compare ${picked.length}`),
      picked.length < 2 && metric && best.length > 1 && h("a", {
        className: "button", href: address(best) }, `Compare top ${best.length}`),
      this.runs.length > 0 && h("button", { type: "button", onclick: () => this.download() }, "CSV"));
  }

  hasSortValue(run) {
    const key = this.sort.order.replace(/^metrics\.`(.*)`$/, "$1");
    return Number.isFinite(run.metrics[key]);
  }

  drawMenu() {
    const choice = (kind) => (key) => {
      const box = h("input", { type: "checkbox",
                               onchange: (event) => this.choose(kind, key, event.target.checked) });
      box.checked = this.shown(kind).includes(key);
      return h("label", {}, box, h("span", { className: "clip" }, key));
    };
    const part = (title, kind) => this[kind].length > 0 && h("fieldset", {}, h("legend", {}, title),
                                                             this[kind].map(choice(kind)));
    replace(this.menu, part("Metrics", "metrics"), part("Parameters", "params"),
            this.metrics.length + this.params.length === 0 && h("p", { className: "muted" },
                                                                "Nothing was logged yet"));
  }

  draw() {
    this.count.textContent = `${this.runs.length}${this.token ? "+" : ""}`;
    this.drawActions();
    this.drawMenu();
    if (this.runs.length === 0) {
      const searched = this.filter !== "" || this.view !== "ACTIVE_ONLY";
      const id = this.experiment.experiment_id;
      replace(this.body, searched
        ? empty("No runs match", "Change the filter, or clear it.")
        : empty("No runs yet", `mlflow.set_tracking_uri("${location.origin}")`,
                `mlflow.start_run(experiment_id="${id}")`));
      return;
    }
    const scroll = this.body.querySelector(".scroll")?.scrollLeft ?? 0;
    const more = this.token && h("button", { type: "button", onclick: () => this.load(this.token) },
                                 "Load more");
    replace(this.body, h("div", { className: "scroll" },
      h("table", { className: "runs" }, this.heads(), h("tbody", {}, this.rows()))), more);
    this.body.querySelector(".scroll").scrollLeft = scroll;
  }

  download() {
    const metrics = this.metrics;
    const { params } = this;
    const cell = (value) => {
      const text = String(value ?? "");
      // a spreadsheet would run a text that begins like a formula
      const safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
      return /[",\n\r]/.test(safe) ? `"${safe.replaceAll("\"", "\"\"")}"` : safe;
    };
    const head = ["run_id", "run_name", "status", "start_time", "end_time",
                  ...metrics.map((key) => `metrics.${key}`), ...params.map((key) => `params.${key}`)];
    const lines = this.runs.map(({ info, metrics: m, params: p }) => [
      info.run_id, info.run_name, info.status, info.start_time, info.end_time,
      ...metrics.map((key) => m[key]), ...params.map((key) => p[key])].map(cell).join(","));
    const blob = new Blob([[head.map(cell).join(","), ...lines].join("\n"), "\n"],
                          { type: "text/csv" });
    const link = h("a", { href: URL.createObjectURL(blob), download: "runs.csv" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  toolbar() {
    const box = h("input", {
      type: "search", name: "filter", spellcheck: false, autocomplete: "off",
      placeholder: "metrics.auc > 0.75 AND params.learner = 'xgboost'",
      "aria-label": "Search runs", className: "wide",
    });
    const search = (event) => {
      event.preventDefault();
      this.filter = box.value.trim();
      this.load();
    };
    box.addEventListener("search", (event) => {
      if (box.value === "" && this.filter !== "") search(event);  // cleared by its cross
    });
    const view = h("select", {
      "aria-label": "Which runs",
      onchange: (event) => { this.view = event.target.value; this.load(); },
    }, h("option", { value: "ACTIVE_ONLY" }, "Active"), h("option", { value: "DELETED_ONLY" },
      "Deleted"), h("option", { value: "ALL" }, "All"));
    return h("form", { className: "toolbar", role: "search", onsubmit: search }, box,
      h("button", { type: "submit" }, "Search"), view,
      h("details", { className: "menu" }, h("summary", {}, "Columns"), this.menu),
      h("button", { type: "button", title: "Load again", "aria-label": "Load again",
                    onclick: () => this.load() }, "↻"), h("span", { className: "spring" }),
      this.actions);
  }
}

export async function runsPage({ parts: [id], signal }) {
  const { experiment } = await get("experiments/get", { experiment_id: id }, signal);
  const table = new RunsTable(experiment, signal);
  await table.load();
  const note = tagsOf(experiment.tags)["mlflow.note.content"];
  const content = h("div", {});
  append(content, [
    h("nav", { className: "crumbs", "aria-label": "Path" },
      h("a", { href: "#/experiments" }, "Experiments")),
    h("div", { className: "head" }, h("h1", {}, experiment.name), table.count,
      experiment.lifecycle_stage === "deleted" && h("span", { className: "chip bad" }, "deleted"),
      h("span", { className: "spring" }),
      h("span", { className: "muted mono" }, `ID ${experiment.experiment_id}`),
      copyButton(experiment.experiment_id, "Copy ID")),
    note && h("p", { className: "note" }, note),
    table.toolbar(), table.message, table.body,
  ]);
  return { title: experiment.name, content };
}
