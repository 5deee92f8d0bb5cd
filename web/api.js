// Calls the server; every failure becomes an Error with the server's own words.

const ROOT = "/ajax-api/2.0/mlflow/";

async function read(response) {
  if (response.ok) return response;
  const text = await response.text();
  let message = text || `${response.status} ${response.statusText}`;
  try {
    message = JSON.parse(text).message ?? message;
  } catch {
    // not JSON: the text is all there is
  }
  const error = new Error(message);
  error.status = response.status;
  throw error;
}

function withQuery(path, query) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === null) continue;
    for (const one of Array.isArray(value) ? value : [value]) pairs.append(name, one);
  }
  const text = pairs.toString();
  return text ? `${path}?${text}` : path;
}

/** GET a resource, such as get("runs/get", {run_id}). */
export async function get(name, query, signal) {
  const response = await read(await fetch(withQuery(ROOT + name, query), { signal }));
  return response.json();
}

/** POST a resource. */
export async function post(name, body, signal) {
  const response = await read(await fetch(ROOT + name, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  }));
  return response.json();
}

/** Follow next_page_token to the end, or to `limit` items. */
export async function all(load, name, limit = 10000) {
  const items = [];
  let token;
  do {
    const page = await load(token);
    items.push(...(page[name] ?? []));
    token = page.next_page_token;
  } while (token && items.length < limit);
  return items;
}

/** Where an artifact of a run, a logged model or a model version can be read. */
export function artifactAddress(owner, path) {
  if (owner.run_id) return withQuery("/get-artifact", { run_id: owner.run_id, path });
  if (owner.model_id) {
    const id = encodeURIComponent(owner.model_id);
    return withQuery(`${ROOT}logged-models/${id}/artifacts/files`, { artifact_file_path: path });
  }
  return withQuery("/model-versions/get-artifact",
                   { name: owner.name, version: owner.version, path });
}

/** The entries of a folder of a run's or a logged model's artifacts. */
export async function artifactList(owner, path, signal) {
  if (owner.run_id) {
    return (await get("artifacts/list", { run_id: owner.run_id, path }, signal)).files ?? [];
  }
  const id = encodeURIComponent(owner.model_id);
  const answer = await get(`logged-models/${id}/artifacts/directories`,
                           { artifact_directory_path: path || undefined }, signal);
  return answer.files ?? [];
}

/** Read an artifact as a Blob; `maxBytes` asks for its beginning only. */
export async function artifact(owner, path, maxBytes, signal) {
  const headers = maxBytes ? { Range: `bytes=0-${maxBytes - 1}` } : {};
  const response = await fetch(artifactAddress(owner, path), { headers, signal });
  if (response.status === 416) return new Blob([]);
  return (await read(response)).blob();
}
