// Builds elements. Text always goes in as text, so nothing that was logged can become markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(element.style, value);
    else if (name in element && !(element instanceof SVGElement) && name !== "list") {
      element[name] = value;
    } else element.setAttribute(name, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

/** Append texts, numbers, elements and lists of these; null and false are left out. */
export function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Make an HTML element. */
export function h(tag, properties, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** Make an SVG element. */
export function svg(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Put new content in the place of the old. */
export function replace(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/** Say something at the bottom of the window for a few seconds. */
export function notice(text) {
  const box = h("div", { className: "notice" }, text);
  document.getElementById("notices").append(box);
  setTimeout(() => box.remove(), 4000);
}

/** A button that copies `text`. */
export function copyButton(text, label = "Copy") {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      notice("Copied");
    } catch {
      notice("The browser does not allow copying here");
    }
  };
  return h("button", { type: "button", className: "quiet small", onclick: copy }, label);
}

/** An element that is shown while there is nothing to show. */
export function empty(title, ...hints) {
  return h("div", { className: "empty" }, h("h2", {}, title), hints.map((hint) => h("p", {}, hint)));
}

/** Two columns of names and values; rows with an empty value are left out. */
export function facts(rows) {
  const kept = rows.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { className: "facts" },
           kept.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}
