// What a page shows is in its address: parameters that are changed one by one, the others stay.
export const asked = (name, none = "") => new URLSearchParams(location.search).get(name) ?? none;

// The address with these parameters; null, false and "" take one out.
export function addressOf(changes, hash = "") {
  const words = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) value == null || value === "" || value === false ? words.delete(name) : words.set(name, value === true ? "1" : String(value).toWellFormed?.() ?? String(value));
  const told = words.toString();
  return `${location.pathname}${told ? `?${told}` : ""}${hash}`;
}

export function address(changes, { push = false, hash = location.hash } = {}) {
  history[push ? "pushState" : "replaceState"](null, "", addressOf(changes, hash));
}
