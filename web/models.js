// Registered models, their versions, stages, aliases and endpoints.
import { all, artifact, get, post } from "./api.js";
import { artifactBrowser } from "./artifacts.js";
import { copyButton, empty, facts, h, notice, replace } from "./dom.js";
import { ago, time } from "./format.js";
import { stageChip } from "./run.js";

const MAX_SHOWN_BYTES = 64 * 1024;

function modelAddress(name, version) {
  const base = `#/models/${encodeURIComponent(name)}`;
  return version === undefined ? base : `${base}/versions/${version}`;
}

function aliasChips(aliases) {
  return (aliases ?? []).map((alias) => h("span", { className: "chip alias" }, `@${alias}`));
}

async function endpoints(signal) {
  const answer = await get("endpoints/list", {}, signal);
  return new Map((answer.endpoints ?? []).map((one) => [one.registered_model_name, one]));
}

function aliasesOf(model, version) {
  return (model.aliases ?? []).filter((one) => one.version === version).map((one) => one.alias);
}

function endpointChip(endpoint) {
  if (!endpoint) return "–";
  const n_ready = (endpoint.versions ?? []).filter((one) => one.state === "READY").length;
  const n_failed = (endpoint.versions ?? []).length - n_ready;
  return [n_ready > 0 && h("span", { className: "chip finished" }, "serving"),
          n_failed > 0 && h("span", { className: "chip failed" }, `${n_failed} failed`),
          n_ready + n_failed === 0 && h("span", { className: "chip" }, "no version")];
}

export async function modelsPage({ signal }) {
  const [models, served] = await Promise.all([
    all((page_token) => get("registered-models/search", { max_results: 1000, page_token }, signal),
        "registered_models"),
    endpoints(signal)]);
  const rows = models.map((model) => {
    const latest = model.latest_versions ?? [];
    const newest = Math.max(0, ...latest.map((one) => Number(one.version)));
    return h("tr", {},
      h("td", {}, h("a", { href: modelAddress(model.name), className: "strong" }, model.name),
        model.description && h("div", { className: "muted clip" }, model.description)),
      h("td", {}, newest ? h("a", { href: modelAddress(model.name, newest) }, `v${newest}`) : "–"),
      h("td", {}, latest.filter((one) => one.current_stage !== "None").map((one) => [
        stageChip(one.current_stage), ` v${one.version} `])),
      h("td", {}, (model.aliases ?? []).map((one) => [...aliasChips([one.alias]),
                                                      ` v${one.version} `])),
      h("td", {}, endpointChip(served.get(model.name))),
      h("td", { title: time(model.last_updated_timestamp) }, ago(model.last_updated_timestamp)));
  });
  const head = ["Name", "Latest", "Stages", "Aliases", "Endpoint", "Last change"];
  return {
    title: "Models",
    content: [
      h("div", { className: "head" }, h("h1", {}, "Registered models"),
        h("span", { className: "count" }, String(models.length))),
      models.length === 0
        ? empty("No registered models yet", "mlflow.register_model(model_uri, \"name\")")
        : h("div", { className: "scroll" }, h("table", {}, h("thead", {}, h("tr", {},
            head.map((title) => h("th", { scope: "col" }, title)))), h("tbody", {}, rows))),
    ],
  };
}

function curl(path) {
  return `curl -X POST ${location.origin}${path} \\\n`
    + "  -H \"Authorization: Bearer $SLIPWAY_TOKEN\" -H \"Content-Type: application/json\" \\\n"
    + "  -d '{\"dataframe_split\": {\"columns\": [\"x\"], \"data\": [[1.0]]}}'";
}

function command(text) {
  return h("div", { className: "command" }, h("pre", { className: "code", tabIndex: 0 }, text),
           copyButton(text));
}

function endpointRows(name, endpoint) {
  const path = (place) => `/model/${encodeURIComponent(name)}/${encodeURIComponent(place)}/invocations`;
  const named = new Map();
  for (const one of endpoint.versions ?? []) {
    if (one.stage && one.stage !== "None") named.set(one.stage, one);  // the newest comes last
    for (const alias of one.aliases ?? []) named.set(alias, one);
  }
  const row = (place, version, state, message) => h("tr", {},
    h("td", {}, place), h("td", {}, `v${version}`),
    h("td", {}, h("span", { className: `chip ${state === "READY" ? "finished" : "failed"}`,
                            title: message ?? "" }, state.toLowerCase()),
      message && h("div", { className: "problem" }, message)),
    h("td", { className: "mono" }, path(place)), h("td", {}, copyButton(location.origin + path(place))));
  return [...[...named].map(([place, one]) => row(place, one.version, one.state)),
          ...(endpoint.versions ?? []).map((one) => row(one.version, one.version, one.state,
                                                        one.message))];
}

function endpointCard(name, endpoint) {
  const place = h("div", {});
  const change = (action) => async () => {
    try {
      const answer = await post(`endpoints/${action}`, { registered_model_name: name });
      draw(answer.endpoint);
      notice(action === "enable" ? "The model is served" : "The model is no longer served");
    } catch (error) {
      notice(error.message);
    }
  };
  const button = h("button", { type: "button" });
  let act = null;
  button.addEventListener("click", () => act());
  function draw(now) {
    button.textContent = now ? "Stop serving" : "Serve this model";
    act = change(now ? "disable" : "enable");
    if (!now) {
      replace(place, h("p", { className: "muted" },
        "When it is served, each active version answers at its own address and its stage's."));
      return;
    }
    const rows = endpointRows(name, now);
    const first = now.versions?.find((one) => one.state === "READY");
    replace(place, rows.length === 0
      ? h("p", { className: "muted" }, "It is served, but has no active version yet.")
      : h("div", { className: "scroll" }, h("table", {}, h("tbody", {}, rows))),
      first && command(curl(first.path)));
  }
  draw(endpoint);
  return h("section", { className: "card" }, h("header", {}, h("h2", {}, "Endpoint"),
    h("span", { className: "spring" }), button), place);
}

export async function modelPage({ parts: [name], signal }) {
  const [{ registered_model: model }, versions, served] = await Promise.all([
    get("registered-models/get", { name }, signal),
    all((page_token) => get("model-versions/search", {
      filter: `name = '${name.replaceAll("'", "''")}'`, page_token }, signal), "model_versions"),
    endpoints(signal)]);
  versions.sort((a, b) => Number(b.version) - Number(a.version));
  const rows = versions.map((one) => h("tr", {},
    h("td", {}, h("a", { href: modelAddress(name, one.version), className: "strong" },
                  `v${one.version}`)),
    h("td", {}, stageChip(one.current_stage) ?? "–"),
    h("td", {}, aliasChips(one.aliases ?? aliasesOf(model, one.version))),
    h("td", { title: time(one.creation_timestamp) }, ago(one.creation_timestamp)),
    h("td", { className: "muted clip" }, one.description || "–"),
    h("td", { className: "muted mono clip" }, one.source)));
  const head = ["Version", "Stage", "Aliases", "Created", "Description", "Source"];
  return {
    title: name,
    content: [
      h("nav", { className: "crumbs", "aria-label": "Path" }, h("a", { href: "#/models" }, "Models")),
      h("div", { className: "head" }, h("h1", {}, name)),
      model.description && h("p", { className: "note" }, model.description),
      facts([["Created", time(model.creation_timestamp)],
             ["Last change", time(model.last_updated_timestamp)],
             ...(model.tags ?? []).map((tag) => [tag.key, tag.value])]),
      h("section", { className: "card flush" }, versions.length === 0
        ? empty("No versions yet")
        : h("div", { className: "scroll" }, h("table", {}, h("thead", {}, h("tr", {},
            head.map((title) => h("th", { scope: "col" }, title)))), h("tbody", {}, rows)))),
      endpointCard(name, served.get(name)),
    ],
  };
}

async function modelFile(name, version, signal) {
  try {
    const blob = await artifact({ name, version }, "MLmodel", MAX_SHOWN_BYTES, signal);
    return h("section", { className: "card" }, h("header", {}, h("h2", {}, "MLmodel")),
             h("pre", { className: "code", tabIndex: 0 }, await blob.text()));
  } catch {
    return null;  // not every version's files are kept by this server
  }
}

async function runLink(version, signal) {
  if (!version.run_id) return null;
  try {
    const { run } = await get("runs/get", { run_id: version.run_id }, signal);
    return h("a", { href: `#/experiments/${run.info.experiment_id}/runs/${run.info.run_id}` },
             run.info.run_name || run.info.run_id);
  } catch {
    return version.run_id;
  }
}

export async function versionPage({ parts: [name, number], signal }) {
  const { model_version: version } = await get("model-versions/get", { name, version: number },
                                               signal);
  const [file, run] = await Promise.all([modelFile(name, number, signal), runLink(version, signal)]);
  const files = version.model_id
    ? await artifactBrowser({ model_id: version.model_id }, signal).catch(() => null) : null;
  const load = `mlflow.pyfunc.load_model("models:/${name}/${number}")`;
  return {
    title: `${name} v${number}`,
    content: [
      h("nav", { className: "crumbs", "aria-label": "Path" }, h("a", { href: "#/models" }, "Models"),
        " / ", h("a", { href: modelAddress(name) }, name)),
      h("div", { className: "head" }, h("h1", {}, `${name} v${number}`),
        stageChip(version.current_stage), aliasChips(version.aliases),
        version.status !== "READY" && h("span", { className: "chip bad" }, version.status)),
      version.description && h("p", { className: "note" }, version.description),
      facts([["Created", time(version.creation_timestamp)], ["Run", run],
             ["Source", h("span", { className: "mono" }, version.source)],
             ...(version.tags ?? []).map((tag) => [tag.key, tag.value])]),
      h("section", { className: "card" }, h("header", {}, h("h2", {}, "Use it")), command(load)),
      file, files && h("section", { className: "card" }, h("header", {}, h("h2", {}, "Files")), files),
    ],
  };
}
