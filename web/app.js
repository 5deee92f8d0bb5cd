// The shell: finds the page that an address names and shows it.
import { h, replace } from "./dom.js";
import { comparePage } from "./compare.js";
import { experimentsPage } from "./experiments.js";
import { modelPage, modelsPage, versionPage } from "./models.js";
import { runPage } from "./run.js";
import { runsPage } from "./runs.js";

// The addresses that MLflow's clients print open the right page here too.
const PAGES = [
  [/^\/(experiments)?\/?$/, experimentsPage, "experiments"],
  [/^\/experiments\/(\d+)(?:\/s)?$/, runsPage, "experiments"],
  [/^\/experiments\/(\d+)\/runs\/([^/]+)(?:\/(.*))?$/, runPage, "experiments"],
  [/^\/compare-runs$/, comparePage, "experiments"],
  [/^\/models\/?$/, modelsPage, "models"],
  [/^\/models\/([^/]+)$/, modelPage, "models"],
  [/^\/models\/([^/]+)\/versions\/([^/]+)$/, versionPage, "models"],
];

const main = document.getElementById("main");
let running = new AbortController();

function decoded(text) {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return text;
  }
}

function failure(error) {
  return h("div", { className: "failure", role: "alert" },
           h("h2", {}, error.status === 404 ? "Not found" : "This did not work"),
           h("p", {}, error.message),
           h("button", { type: "button", onclick: show }, "Try again"));
}

async function show() {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  const address = location.hash.replace(/^#/, "") || "/experiments";
  const [path, query] = address.split("?", 2);
  const page = PAGES.find(([pattern]) => pattern.test(path));
  for (const link of document.querySelectorAll("[data-nav]")) {
    if (page && link.dataset.nav === page[2]) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const slow = setTimeout(() => replace(main, h("p", { className: "loading" }, "Loading…")), 200);
  try {
    if (!page) throw Object.assign(new Error(`There is no page ${path}`), { status: 404 });
    const parts = path.match(page[0]).slice(1).map(decoded);
    const { title, content } = await page[1]({ parts, query: new URLSearchParams(query), signal });
    if (signal.aborted) return;
    clearTimeout(slow);
    document.title = `${title} · Slipway`;
    replace(main, content);
    window.scrollTo(0, 0);
  } catch (error) {
    clearTimeout(slow);
    if (!signal.aborted) replace(main, failure(error));
  }
}

function startTheme() {
  const button = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const current = () => localStorage.getItem("theme") ?? (dark.matches ? "dark" : "light");
  const apply = () => {
    document.documentElement.dataset.theme = current();
    button.textContent = current() === "dark" ? "☀" : "☾";
  };
  button.addEventListener("click", () => {
    localStorage.setItem("theme", current() === "dark" ? "light" : "dark");
    apply();
  });
  dark.addEventListener("change", apply);
  apply();
}

function onKey(event) {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    const box = document.querySelector("input[type=search]");
    if (box) {
      event.preventDefault();
      box.focus();
    }
  }
  if (event.key === "Escape") {
    for (const open of document.querySelectorAll("details.menu[open]")) open.open = false;
  }
}

startTheme();
addEventListener("hashchange", show);
addEventListener("keydown", onKey);
addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.menu[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});
document.querySelector("[data-skip]").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
show();
