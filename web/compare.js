// Several runs beside each other.
import { get } from "./api.js";
import { color, historyPoints, lineChart, pageWidth, scatterChart } from "./chart.js";
import { h, replace } from "./dom.js";
import { lessIsBetter, number, runDuration, tagsOf, time } from "./format.js";

const MAX_RUNS = 20;

function listOf(query, name) {
  try {
    const list = JSON.parse(query.get(name) ?? "[]");
    return Array.isArray(list) ? list.map(String) : [];
  } catch {
    return [];
  }
}

function keysOf(runs, kind) {
  return [...new Set(runs.flatMap((run) => Object.keys(run[kind])))].sort();
}

function runLink(run, i) {
  return h("a", { href: `#/experiments/${run.info.experiment_id}/runs/${run.info.run_id}` },
           h("span", { className: `swatch ${color(i)}` }), run.info.run_name || run.info.run_id);
}

function valueRow(key, values, kind) {
  const numbers = values.map(Number).filter(Number.isFinite);
  const low = Math.min(...numbers);
  const high = Math.max(...numbers);
  const best = lessIsBetter(key) ? low : high;
  const marked = kind === "metrics" && numbers.length > 1 && low < high;
  const same = new Set(values.map(String)).size === 1;
  return h("tr", { className: same ? "same" : "" }, h("th", { scope: "row" }, key),
           values.map((value) => {
             const isBest = marked && value === best;
             const text = kind === "metrics" ? number(value) : value;
             return h("td", { className: `${kind === "metrics" ? "number" : ""}${isBest ? " best" : ""}`,
                              title: value === undefined ? "" : String(value) },
                      value === undefined ? "–" : text);
           }));
}

function comparison(runs) {
  const part = (title, kind) => {
    const keys = keysOf(runs, kind);
    return keys.length > 0 && h("tbody", {},
      h("tr", { className: "groups" }, h("th", { colSpan: runs.length + 1, scope: "rowgroup" }, title)),
      keys.map((key) => valueRow(key, runs.map((run) => run[kind][key]), kind)));
  };
  const info = (title, show) => h("tr", {}, h("th", { scope: "row" }, title),
                                  runs.map((run) => h("td", {}, show(run.info))));
  return h("div", { className: "scroll" }, h("table", { className: "compare" },
    h("thead", {}, h("tr", {}, h("th", {}), runs.map((run, i) => h("th", { scope: "col" },
                                                                  runLink(run, i))))),
    h("tbody", {}, info("Status", (one) => one.status.toLowerCase()), info("Started",
      (one) => time(one.start_time)), info("Duration", runDuration)),
    part("Metrics", "metrics"), part("Parameters", "params")));
}

function choice(label, keys, chosen, onchange) {
  const select = h("select", { onchange: () => onchange(select.value) },
                   keys.map((key) => h("option", { value: key }, key)));
  select.value = chosen;
  return h("label", { className: "choice" }, label, select);
}

function historyCard(runs, signal) {
  const keys = keysOf(runs, "metrics");
  if (keys.length === 0) return null;
  const place = h("div", { className: "plot waiting" });
  const draw = async (key) => {
    try {
      const { metrics = [] } = await get("metrics/get-history-bulk-interval", {
        run_ids: runs.map((run) => run.info.run_id), metric_key: key, max_results: 2500 }, signal);
      let xLabel = "step";
      const series = runs.map((run) => {
        const mine = metrics.filter((metric) => metric.run_id === run.info.run_id);
        const history = historyPoints(mine);
        xLabel = mine.length > 1 ? history.xLabel : xLabel;
        return { name: run.info.run_name, points: history.points };
      });
      replace(place, lineChart(series, { width: pageWidth(), height: 300, xLabel, label: key }));
      place.classList.remove("waiting");
    } catch (error) {
      if (!signal.aborted) replace(place, h("p", { className: "problem" }, error.message));
    }
  };
  const longest = keys.find((key) => runs.some((run) => run.steps[key] > 0)) ?? keys[0];
  draw(longest);
  return h("section", { className: "card" }, h("header", {}, h("h2", {}, "History"),
    h("span", { className: "spring" }), choice("Metric", keys, longest, draw)), place);
}

function scatterCard(runs) {
  const isNumeric = (key) => runs.some((run) => run.params[key] !== undefined
    && run.params[key].trim() !== "" && Number.isFinite(Number(run.params[key])));
  const metrics = keysOf(runs, "metrics");
  const axes = [...keysOf(runs, "params").filter(isNumeric).map((key) => `params.${key}`),
                ...metrics.map((key) => `metrics.${key}`)];
  if (axes.length < 2 || metrics.length === 0 || runs.length < 3) return null;
  const value = (run, axis) => {
    const [kind, ...key] = axis.split(".");
    return Number(run[kind][key.join(".")]);
  };
  const place = h("div", {});
  const state = { x: axes[0], y: `metrics.${metrics[0]}` };
  const draw = () => {
    const points = runs.map((run) => ({
      x: value(run, state.x), y: value(run, state.y), name: run.info.run_name,
      href: `#/experiments/${run.info.experiment_id}/runs/${run.info.run_id}`,
    })).filter((point) => Number.isFinite(point.x) && Number.isFinite(point.y));
    replace(place, scatterChart(points, { width: pageWidth(), xLabel: state.x, yLabel: state.y }));
  };
  draw();
  const set = (name) => (axis) => { state[name] = axis; draw(); };
  return h("section", { className: "card" }, h("header", {}, h("h2", {}, "Scatter"),
    h("span", { className: "spring" }), choice("x", axes, state.x, set("x")),
    choice("y", axes, state.y, set("y"))), place);
}

export async function comparePage({ query, signal }) {
  const ids = listOf(query, "runs").slice(0, MAX_RUNS);
  if (ids.length === 0) throw new Error("The address names no runs to compare");
  const answers = await Promise.all(ids.map((run_id) => get("runs/get", { run_id }, signal)));
  const runs = answers.map(({ run }) => ({
    info: run.info,
    metrics: Object.fromEntries((run.data?.metrics ?? []).map((m) => [m.key, Number(m.value)])),
    steps: Object.fromEntries((run.data?.metrics ?? []).map((m) => [m.key, m.step])),
    params: Object.fromEntries((run.data?.params ?? []).map((p) => [p.key, p.value])),
    tags: tagsOf(run.data?.tags),
  }));
  const table = comparison(runs);
  const differing = h("label", { className: "choice" }, h("input", {
    type: "checkbox",
    onchange: (event) => table.classList.toggle("differences", event.target.checked),
  }), "Only differences");
  const back = runs[0].info.experiment_id;
  return {
    title: `Compare ${runs.length} runs`,
    content: [
      h("nav", { className: "crumbs", "aria-label": "Path" }, h("a", { href: "#/experiments" },
        "Experiments"), " / ", h("a", { href: `#/experiments/${back}` }, `Experiment ${back}`)),
      h("div", { className: "head" }, h("h1", {}, `Compare ${runs.length} runs`),
        h("span", { className: "spring" }), differing),
      h("section", { className: "card flush" }, table), historyCard(runs, signal), scatterCard(runs),
    ],
  };
}
