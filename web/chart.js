// Line and scatter charts, drawn as SVG.
import { h, replace, svg } from "./dom.js";
import { number, tick } from "./format.js";

const LEFT = 52;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 26;
const N_COLORS = 8;

/** The class that gives the i-th series its colour. */
export function color(i) {
  return `series${i % N_COLORS}`;
}

function extent(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  if (low === high) return [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  return [low, high];
}

// Round values between low and high, about n of them.
function ticks(low, high, n, whole = false) {
  const rough = (high - low) / n;
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  if (whole) step = Math.max(1, Math.round(step));
  const out = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-9; value += step) {
    out.push(Math.abs(value) < step * 1e-9 ? 0 : value);
  }
  return out;
}

function axes(box, x, y, xLabel, wholeX) {
  const { width, height } = box;
  const lines = [];
  const labelStart = width - RIGHT - (xLabel?.length ?? 0) * 6.2 - 16;
  for (const value of ticks(...y.range, 4)) {
    const at = y.place(value);
    lines.push(svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: at, y2: at }),
               svg("text", { class: "tick", x: LEFT - 6, y: at + 4, "text-anchor": "end" },
                   tick(value)));
  }
  for (const value of x.ticks ?? ticks(...x.range, Math.max(2, Math.round(width / 110)), wholeX)) {
    const at = x.place(value);
    if (at > labelStart) continue;
    lines.push(svg("text", { class: "tick", x: at, y: height - 8, "text-anchor": "middle" },
                   tick(value)));
  }
  lines.push(svg("line", { class: "axis", x1: LEFT, x2: width - RIGHT, y1: height - BOTTOM,
                           y2: height - BOTTOM }));
  if (xLabel) {
    lines.push(svg("text", { class: "tick name", x: width - RIGHT, y: height - 8,
                             "text-anchor": "end" }, xLabel));
  }
  return lines;
}

function scale(range, from, to) {
  const [low, high] = range;
  return { range, place: (value) => from + ((value - low) / (high - low)) * (to - from) };
}

// By powers of ten; learning rates and the like are spread so.
function logScale([low, high], from, to) {
  const linear = scale([Math.log10(low) - 0.1, Math.log10(high) + 0.1], from, to);
  const powers = [];
  for (let n = Math.ceil(linear.range[0]); n <= linear.range[1]; n += 1) powers.push(10 ** n);
  return { range: [low, high], ticks: powers, place: (value) => linear.place(Math.log10(value)) };
}

/** The width a chart may have that fills the page. */
export function pageWidth() {
  return Math.max(340, document.getElementById("main").clientWidth - 84);
}

function pathOf(points, x, y) {
  let text = "";
  let pen = "M";
  for (const point of points) {
    if (!Number.isFinite(point.y)) {
      pen = "M";
      continue;
    }
    text += `${pen}${x.place(point.x).toFixed(1)} ${y.place(point.y).toFixed(1)}`;
    pen = "L";
  }
  return text;
}

function nearest(points, value) {
  let best = null;
  for (const point of points) {
    if (!Number.isFinite(point.y)) continue;
    if (!best || Math.abs(point.x - value) < Math.abs(best.x - value)) best = point;
  }
  return best;
}

// A line and a text that follow the pointer.
function follow(drawing, box, series, x, y, label) {
  const line = svg("line", { class: "cursor", y1: TOP, y2: box.height - BOTTOM });
  const dots = svg("g", {});
  const bubble = h("div", { className: "bubble", hidden: true });
  line.setAttribute("visibility", "hidden");
  drawing.append(line, dots);
  const hide = () => {
    bubble.hidden = true;
    line.setAttribute("visibility", "hidden");
    dots.replaceChildren();
  };
  const move = (event) => {
    const bounds = drawing.getBoundingClientRect();
    const at = ((event.clientX - bounds.left) / bounds.width) * box.width;
    const [low, high] = x.range;
    const value = low + ((at - LEFT) / (box.width - LEFT - RIGHT)) * (high - low);
    const anchor = nearest(series.flatMap((one) => one.points), value);
    if (!anchor) return;
    const found = series.map((one, i) => ({ name: one.name, i, point: nearest(one.points, anchor.x) }))
      .filter(({ point }) => point);
    line.setAttribute("visibility", "visible");
    line.setAttribute("x1", x.place(anchor.x));
    line.setAttribute("x2", x.place(anchor.x));
    dots.replaceChildren(...found.map(({ i, point }) => svg("circle", {
      class: `dot ${color(i)}`, r: 3.5, cx: x.place(point.x), cy: y.place(point.y) })));
    replace(bubble, h("div", { className: "muted" }, `${label} ${number(anchor.x)}`),
            found.slice(0, 10).map(({ name, i, point }) => h("div", {},
              series.length > 1 && h("span", { className: `swatch ${color(i)}` }),
              series.length > 1 && `${name}  `, h("b", {}, number(point.y)))));
    bubble.hidden = false;
    const share = x.place(anchor.x) / box.width;
    bubble.style.left = share < 0.6 ? `calc(${share * 100}% + 10px)` : "";
    bubble.style.right = share < 0.6 ? "" : `calc(${(1 - share) * 100}% + 10px)`;
  };
  drawing.addEventListener("pointermove", move);
  drawing.addEventListener("pointerleave", hide);
  return bubble;
}

/**
 * Draw lines.
 *
 * series   [{name, points: [{x, y}…] by x}…]; a y that is no finite number makes a gap.
 */
export function lineChart(series, { width = 420, height = 190, xLabel = "step", label } = {}) {
  const box = { width, height };
  const all = series.flatMap((one) => one.points);
  const x = scale(extent(all.map((p) => p.x)), LEFT, width - RIGHT);
  const [low, high] = extent(all.map((p) => p.y));
  const margin = (high - low) * 0.06;
  const y = scale([low - margin, high + margin], height - BOTTOM, TOP);
  const drawing = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img",
                               "aria-label": label ?? series.map((one) => one.name).join(", ") });
  drawing.append(...axes(box, x, y, xLabel, xLabel === "step"));
  series.forEach((one, i) => {
    drawing.append(svg("path", { class: `line ${color(i)}`, d: pathOf(one.points, x, y) }));
    const seen = one.points.filter((p) => Number.isFinite(p.y));
    if (seen.length === 1) {
      drawing.append(svg("circle", { class: `dot ${color(i)}`, r: 3.5, cx: x.place(seen[0].x),
                                     cy: y.place(seen[0].y) }));
    }
  });
  return h("div", { className: "plot" }, drawing, follow(drawing, box, series, x, y, xLabel));
}

/** Draw points: [{x, y, name, href}…]. */
export function scatterChart(points, { width = 860, height = 320, xLabel, yLabel } = {}) {
  const box = { width, height };
  const margin = ([low, high]) => [low - (high - low) * 0.05, high + (high - low) * 0.05];
  const across = extent(points.map((p) => p.x));
  const byPowers = across[0] > 0 && across[1] / across[0] > 30;
  const x = byPowers ? logScale(across, LEFT, width - RIGHT)
                     : scale(margin(across), LEFT, width - RIGHT);
  const y = scale(margin(extent(points.map((p) => p.y))), height - BOTTOM, TOP);
  const drawing = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img",
                               "aria-label": `${yLabel} against ${xLabel}` });
  drawing.append(...axes(box, x, y, xLabel, false));
  drawing.append(svg("text", { class: "tick name", x: LEFT + 6, y: TOP + 10 }, yLabel));
  points.forEach((point, i) => {
    const title = `${point.name}\n${xLabel}: ${number(point.x)}\n${yLabel}: ${number(point.y)}`;
    drawing.append(svg("a", { href: point.href }, svg("circle", {
      class: `point ${color(i)}`, r: 5, cx: x.place(point.x), cy: y.place(point.y) },
    svg("title", {}, title))));
  });
  return h("div", { className: "plot" }, drawing);
}

/** The points of a metric's history as a chart takes them; by time where there are no steps. */
export function historyPoints(history) {
  const points = history.map((m) => ({ x: m.step, y: Number(m.value), time: m.timestamp }));
  points.sort((a, b) => a.x - b.x || a.time - b.time);
  const stepless = points.length > 1 && points.every((p) => p.x === points[0].x);
  if (!stepless) return { points, xLabel: "step" };
  const start = Math.min(...points.map((p) => p.time));
  for (const point of points) point.x = (point.time - start) / 1000;
  points.sort((a, b) => a.x - b.x);
  return { points, xLabel: "seconds" };
}
