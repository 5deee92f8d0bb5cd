// A tree of artifacts with a viewer for what a browser can show safely.
import { artifact, artifactAddress, artifactList } from "./api.js";
import { empty, h, replace } from "./dom.js";
import { bytes } from "./format.js";

const IMAGES = /\.(png|jpe?g|gif|webp|svg)$/i;
const TEXTS = /(\.(txt|log|err|cfg|conf|ini|toml|ya?ml|xml|json|js|py|csv|tsv|md|rst|ipynb|sql|r|sh)|^MLmodel|^MLproject|^Dockerfile)$/i;
const MAX_TEXT_BYTES = 512 * 1024;
const MAX_IMAGE_BYTES = 20e6;
const MAX_ROWS = 300;

function baseName(path) {
  return path.slice(path.lastIndexOf("/") + 1);
}

// Cells of separated values, quotes and line ends in them included.
function table(text, separator) {
  const rows = [[""]];
  let quotes = false;
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i];
    const row = rows[rows.length - 1];
    if (quotes && c === "\"" && text[i + 1] === "\"") {
      row[row.length - 1] += c;
      i += 1;
    } else if (c === "\"") quotes = !quotes;
    else if (!quotes && c === separator) row.push("");
    else if (!quotes && c === "\n") {
      if (rows.length > MAX_ROWS) break;
      rows.push([""]);
    } else if (c !== "\r") row[row.length - 1] += c;
  }
  if (rows[rows.length - 1].join("") === "") rows.pop();
  return rows;
}

function tableView(text, separator) {
  const [head, ...rows] = table(text, separator);
  if (!head) return h("p", { className: "muted" }, "The file is empty.");
  return h("div", { className: "scroll" }, h("table", {},
    h("thead", {}, h("tr", {}, head.map((cell) => h("th", { scope: "col" }, cell)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell)))))));
}

async function textView(owner, path, size, signal) {
  const blob = await artifact(owner, path, MAX_TEXT_BYTES, signal);
  const text = await blob.text();
  const cut = size > MAX_TEXT_BYTES && h("p", { className: "muted" },
    `The first ${bytes(MAX_TEXT_BYTES)} of ${bytes(size)}.`);
  if (/\.[ct]sv$/i.test(path)) return [tableView(text, /\.tsv$/i.test(path) ? "\t" : ","), cut];
  let shown = text;
  if (/\.json$/i.test(path) && !cut) {
    try {
      shown = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      // shown as it is
    }
  }
  return [h("pre", { className: "code", tabIndex: 0 }, shown), cut];
}

async function imageView(owner, path, signal) {
  const blob = await artifact(owner, path, undefined, signal);
  // as an image, an SVG runs no script and loads nothing
  const address = URL.createObjectURL(blob);
  signal.addEventListener("abort", () => URL.revokeObjectURL(address));
  return h("img", { src: address, alt: baseName(path), className: "artifact" });
}

async function view(owner, file, signal) {
  if (IMAGES.test(file.path) && file.file_size < MAX_IMAGE_BYTES) {
    return imageView(owner, file.path, signal);
  }
  if (TEXTS.test(baseName(file.path))) return textView(owner, file.path, file.file_size, signal);
  return h("p", { className: "muted" }, "There is no preview of files of this kind.");
}

/** Show the artifacts of {run_id} or {model_id}; `first` is the path to open at once. */
export async function artifactBrowser(owner, signal, first) {
  const viewer = h("section", { className: "viewer", "aria-live": "polite" });
  let chosen = null;

  async function open(file, button) {
    chosen?.removeAttribute("aria-current");
    chosen = button;
    button.setAttribute("aria-current", "true");
    const content = h("div", {}, h("p", { className: "loading" }, "Loading…"));
    replace(viewer, h("header", {}, h("span", { className: "mono strong" }, file.path),
      h("span", { className: "muted" }, bytes(file.file_size)), h("span", { className: "spring" }),
      h("a", { className: "button", href: artifactAddress(owner, file.path), download: "" },
        "Download")), content);
    try {
      replace(content, await view(owner, file, signal));
    } catch (error) {
      replace(content, h("p", { className: "problem" }, error.message));
    }
  }

  function fileNode(file) {
    const button = h("button", { type: "button", className: "file",
                                 onclick: () => open(file, button) },
      h("span", { className: "clip" }, baseName(file.path)),
      h("span", { className: "muted" }, bytes(file.file_size)));
    if (first === file.path) queueMicrotask(() => open(file, button));
    return h("li", {}, button);
  }

  function folderNode(folder) {
    const list = h("ul", {});
    const node = h("details", {}, h("summary", {}, `${baseName(folder.path)}/`), list);
    let loaded = false;
    const load = async () => {
      if (loaded || !node.open) return;
      loaded = true;
      try {
        replace(list, nodes(await artifactList(owner, folder.path, signal)));
      } catch (error) {
        replace(list, h("li", { className: "problem" }, error.message));
      }
    };
    node.addEventListener("toggle", load);
    if (first?.startsWith(`${folder.path}/`)) node.open = true;
    return h("li", {}, node);
  }

  function nodes(entries) {
    const byName = (a, b) => Number(b.is_dir) - Number(a.is_dir) || a.path.localeCompare(b.path);
    return [...entries].sort(byName).map((entry) => (entry.is_dir ? folderNode : fileNode)(entry));
  }

  const entries = await artifactList(owner, "", signal);
  if (entries.length === 0) return empty("No artifacts", "Nothing was uploaded.");
  const tree = h("ul", { className: "tree", "aria-label": "Artifacts" }, nodes(entries));
  replace(viewer, h("p", { className: "muted" }, "Choose a file to look at it."));
  const plot = entries.find((entry) => !entry.is_dir && IMAGES.test(entry.path));
  if (!first && plot) {
    queueMicrotask(() => [...tree.querySelectorAll("button.file")]
      .find((button) => button.textContent.startsWith(baseName(plot.path)))?.click());
  }
  return h("div", { className: "browser" }, tree, viewer);
}
