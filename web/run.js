// One run: what it was told, what it reached, what it left.
import { all, get, post } from "./api.js";
import { artifactBrowser } from "./artifacts.js";
import { historyPoints, lineChart } from "./chart.js";
import { copyButton, empty, facts, h, replace } from "./dom.js";
import { duration, number, runDuration, tagsOf, time } from "./format.js";
import { statusDot } from "./runs.js";

const MAX_CHILDREN = 1000;
const MAX_OVERVIEW_CHARTS = 6;

function keyTable(title, pairs, className) {
  if (pairs.length === 0) return null;
  const rows = h("tbody", {});
  const draw = (text) => replace(rows, pairs
    .filter(([key]) => key.toLowerCase().includes(text.toLowerCase()))
    .map(([key, value, hint]) => h("tr", {}, h("th", { scope: "row" }, key),
                                   h("td", { className, title: hint ?? "" }, value))));
  draw("");
  const box = pairs.length > 12 && h("input", {
    type: "search", placeholder: "Filter", "aria-label": `Filter ${title}`,
    oninput: (event) => draw(event.target.value) });
  return h("section", { className: "card" },
    h("header", {}, h("h2", {}, title), h("span", { className: "count" }, String(pairs.length)),
      h("span", { className: "spring" }), box),
    h("div", { className: "tall" }, h("table", { className: "pairs" }, rows)));
}

function datasets(inputs) {
  const rows = inputs?.dataset_inputs ?? [];
  if (rows.length === 0) return null;
  const size = (dataset) => {
    try {
      const profile = JSON.parse(dataset.profile ?? "{}");
      const n = profile.num_rows ?? profile.features_shape?.[0];
      return n === undefined ? "" : `${number(n)} rows`;
    } catch {
      return "";
    }
  };
  return h("section", { className: "card" },
    h("header", {}, h("h2", {}, "Datasets"), h("span", { className: "count" }, String(rows.length))),
    h("table", {}, h("thead", {}, h("tr", {}, ["Used for", "Name", "Digest", "Size"]
      .map((title) => h("th", { scope: "col" }, title)))),
    h("tbody", {}, rows.map(({ dataset, tags }) => h("tr", {},
      h("td", {}, tagsOf(tags)["mlflow.data.context"] ?? "–"), h("td", {}, dataset.name),
      h("td", { className: "mono" }, dataset.digest), h("td", {}, size(dataset)))))));
}

async function models(run, signal) {
  const ids = (run.outputs?.model_outputs ?? []).map((output) => output.model_id);
  const sources = await all((page_token) => get("model-versions/search", {
    filter: `run_id = '${run.info.run_id}'`, page_token }, signal), "model_versions")
    .catch(() => []);
  if (ids.length + sources.length === 0) return null;
  const registered = sources.map((version) => h("tr", {},
    h("td", {}, h("a", { href: `#/models/${encodeURIComponent(version.name)}/versions/`
      + version.version }, `${version.name} v${version.version}`)),
    h("td", {}, stageChip(version.current_stage))));
  const logged = ids.map((id) => h("tr", {}, h("td", { className: "mono" }, id), h("td", {}, "logged")));
  return h("section", { className: "card" }, h("header", {}, h("h2", {}, "Models")),
           h("table", {}, h("tbody", {}, registered, logged)));
}

export function stageChip(stage) {
  if (!stage || stage === "None") return null;
  return h("span", { className: `chip stage-${stage.toLowerCase()}` }, stage);
}

async function children(run, signal) {
  const page = await post("runs/search", {
    experiment_ids: [run.info.experiment_id], max_results: MAX_CHILDREN,
    filter: `tags.\`mlflow.parentRunId\` = '${run.info.run_id}'`, order_by: ["start_time ASC"],
  }, signal);
  const runs = page.runs ?? [];
  if (runs.length === 0) return null;
  // the metrics that the parent has too are those its children are judged by
  const keys = (run.data?.metrics ?? []).map((metric) => metric.key).slice(0, 2);
  const valueOf = (child, key) => child.data?.metrics?.find((metric) => metric.key === key)?.value;
  const row = (child) => h("tr", {},
    h("td", { className: "name" }, statusDot(child.info.status),
      h("a", { href: `#/experiments/${child.info.experiment_id}/runs/${child.info.run_id}` },
        child.info.run_name)),
    h("td", {}, runDuration(child.info)),
    keys.map((key) => h("td", { className: "number" }, number(valueOf(child, key)))));
  return h("section", { className: "card" },
    h("header", {}, h("h2", {}, "Child runs"), h("span", { className: "count" }, String(runs.length))),
    h("div", { className: "tall" }, h("table", {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Run"), h("th", { scope: "col" },
        "Duration"), keys.map((key) => h("th", { scope: "col", className: "number" }, key)))),
      h("tbody", {}, runs.map(row)))));
}

function chartCard(run, metric, signal) {
  const place = h("div", { className: "plot waiting" });
  const card = h("section", { className: "card chart-card" },
    h("header", {}, h("h3", { className: "clip", title: metric.key }, metric.key),
      h("span", { className: "spring" }), h("b", { title: String(metric.value) },
      number(metric.value))), place);
  card.load = async () => {
    try {
      const history = await all((page_token) => get("metrics/get-history", {
        run_id: run.info.run_id, metric_key: metric.key, max_results: 25000, page_token,
      }, signal), "metrics", 100000);
      const { points, xLabel } = historyPoints(history);
      place.replaceWith(points.length > 1 ? lineChart([{ name: metric.key, points }], { xLabel })
        : h("p", { className: "muted once" }, `Logged once, at step ${metric.step}`));
    } catch (error) {
      if (!signal.aborted) replace(place, h("p", { className: "problem" }, error.message));
    }
  };
  return card;
}

// Histories are fetched when their charts come into sight.
function chartGrid(run, metrics, signal) {
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      watcher.unobserve(entry.target);
      entry.target.load();
    }
  }, { rootMargin: "200px" });
  const order = [...metrics].sort((a, b) => Number(b.step > 0) - Number(a.step > 0)
    || a.key.localeCompare(b.key));
  const cards = order.map((metric) => chartCard(run, metric, signal));
  cards.forEach((card) => watcher.observe(card));
  signal.addEventListener("abort", () => watcher.disconnect());
  return h("div", { className: "charts" }, cards);
}

function charts(run, signal) {
  const metrics = run.data?.metrics ?? [];
  if (metrics.length > 0) return chartGrid(run, metrics, signal);
  return empty("No metrics", "Log one with mlflow.log_metric(key, value).");
}

async function overview(run, tags, signal) {
  const pairs = (list, show) => [...(list ?? [])].sort((a, b) => a.key.localeCompare(b.key)).map(show);
  const shown = (run.data?.tags ?? []).filter(({ key }) => !key.startsWith("mlflow."));
  const [kids, made] = await Promise.all([children(run, signal), models(run, signal)]);
  const note = tags["mlflow.note.content"];
  return [
    note && h("p", { className: "note" }, note),
    h("div", { className: "columns" },
      keyTable("Metrics", pairs(run.data?.metrics, (m) => [m.key, number(m.value), String(m.value)]),
               "number"),
      keyTable("Parameters", pairs(run.data?.params, (p) => [p.key, p.value])),
      datasets(run.inputs), made, kids,
      keyTable("Tags", pairs(shown, (tag) => [tag.key, tag.value]))),
    chartGrid(run, (run.data?.metrics ?? []).filter((metric) => metric.step > 0)
      .slice(0, MAX_OVERVIEW_CHARTS), signal),
  ];
}

function tabs(address, chosen, names) {
  return h("nav", { className: "tabs", "aria-label": "Parts of the run" }, names.map(([id, title]) =>
    h("a", { href: `${address}${id ? `/${id}` : ""}`,
             "aria-current": chosen === id ? "page" : null }, title)));
}

export async function runPage({ parts: [experimentId, runId, rest], signal }) {
  const { run } = await get("runs/get", { run_id: runId }, signal);
  const { info } = run;
  const { experiment } = await get("experiments/get", { experiment_id: info.experiment_id }, signal);
  const tags = tagsOf(run.data?.tags);
  const address = `#/experiments/${experimentId}/runs/${encodeURIComponent(runId)}`;
  const [tab, ...below] = (rest ?? "").split("/");
  const part = { charts: () => charts(run, signal),
                 artifacts: () => artifactBrowser({ run_id: runId }, signal, below.join("/")) };
  const chosen = part[tab] ? tab : "";
  const body = await (part[chosen] ?? (() => overview(run, tags, signal)))();
  const parent = tags["mlflow.parentRunId"];
  const content = [
    h("nav", { className: "crumbs", "aria-label": "Path" },
      h("a", { href: "#/experiments" }, "Experiments"), " / ",
      h("a", { href: `#/experiments/${info.experiment_id}` }, experiment.name),
      parent && [" / ", h("a", { href: `#/experiments/${info.experiment_id}/runs/${parent}` },
                          "parent run")]),
    h("div", { className: "head" }, h("h1", {}, info.run_name || runId),
      h("span", { className: `chip ${info.status.toLowerCase()}` }, info.status.toLowerCase()),
      info.lifecycle_stage === "deleted" && h("span", { className: "chip bad" }, "deleted"),
      h("span", { className: "spring" }), h("span", { className: "muted mono" }, runId),
      copyButton(runId, "Copy ID")),
    facts([["Started", time(info.start_time)],
           ["Duration", info.end_time ? duration(info.end_time - info.start_time) : runDuration(info)],
           ["User", info.user_id], ["Source", tags["mlflow.source.name"]],
           ["Commit", tags["mlflow.source.git.commit"]]]),
    tabs(address, chosen, [["", "Overview"], ["charts", "Charts"], ["artifacts", "Artifacts"]]),
    body,
  ];
  return { title: info.run_name || runId, content };
}
