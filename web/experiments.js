// The list of experiments.
import { all, post } from "./api.js";
import { empty, h, replace } from "./dom.js";
import { ago, tagsOf, time } from "./format.js";

/** Read the experiments that are not deleted, the latest first. */
export async function loadExperiments(signal) {
  return all((page_token) => post("experiments/search", { max_results: 1000, page_token }, signal),
             "experiments");
}

function row(experiment) {
  const { experiment_id: id, name } = experiment;
  const note = tagsOf(experiment.tags)["mlflow.note.content"] ?? "";
  return h("tr", {},
           h("td", {}, h("a", { href: `#/experiments/${id}`, className: "strong" }, name),
             note && h("div", { className: "muted clip" }, note.split("\n")[0])),
           h("td", { className: "number" }, id),
           h("td", { title: time(experiment.last_update_time) }, ago(experiment.last_update_time)),
           h("td", { title: time(experiment.creation_time) }, ago(experiment.creation_time)),
           h("td", { className: "muted mono" }, experiment.artifact_location));
}

export async function experimentsPage({ signal }) {
  const experiments = await loadExperiments(signal);
  const rows = h("tbody", {});
  const filter = (text) => {
    const wanted = text.toLowerCase();
    const found = experiments.filter((one) => one.name.toLowerCase().includes(wanted));
    replace(rows, found.map(row));
    if (found.length === 0) {
      replace(rows, h("tr", {}, h("td", { colSpan: 5, className: "muted" }, "No such experiment")));
    }
  };
  filter("");
  const box = h("input", {
    type: "search", placeholder: "Filter by name", "aria-label": "Filter experiments by name",
    oninput: (event) => filter(event.target.value),
  });
  const table = h("div", { className: "scroll" }, h("table", {},
    h("thead", {}, h("tr", {}, ["Name", "ID", "Last change", "Created", "Artifacts"]
      .map((title, i) => h("th", { scope: "col", className: i === 1 ? "number" : "" }, title)))),
    rows));
  const hint = "Point a client here with mlflow.set_tracking_uri(\"" + location.origin + "\").";
  return {
    title: "Experiments",
    content: [
      h("div", { className: "head" }, h("h1", {}, "Experiments"),
        h("span", { className: "count" }, String(experiments.length)), h("span",
        { className: "spring" }), box),
      experiments.length ? table : empty("No experiments yet", hint),
    ],
  };
}
