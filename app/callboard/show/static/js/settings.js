// What the person who looks has chosen: it comes with the page, is shown at once, and is kept on the server.
import { computed, reactive } from "vue";
import { put, toast } from "callboard/live.js";

const FIRST = {
  theme: "auto",
  density: "comfortable",
  motion: "auto",
  clock: "relative",
  panels: { order: [], hidden: [] },
  roadmap: { closed: [] }, // layers that are folded
  tour: { off: false, done: [] }, // the guided tour of the sample
  notify: { desktop: false, sound: false, levels: { critical: true, high: true, medium: false, low: false } },
};

// Panels of the board that can be put away and moved: the names are what is kept, the titles what is read.
export const PANELS = [
  { name: "needs", title: "Needs you" },
  { name: "next", title: "Do next" },
  { name: "news", title: "Since you last looked" },
  { name: "crew", title: "The crew" },
  { name: "tasks", title: "Running and waiting" },
  { name: "platform", title: "The platform" },
  { name: "runs", title: "Newest runs" },
  { name: "cases", title: "Cases" },
  { name: "roadmap", title: "Roadmap" },
  { name: "host", title: "This machine" },
  { name: "findings", title: "Newest findings" },
];

// The page carries the person as data, so that every module knows the settings before the first thing is drawn.
function told() {
  try {
    return JSON.parse(document.getElementById("cb-person")?.textContent || "null");
  } catch {
    return null;
  }
}

function over(known, news) {
  const plain = (value) => value && typeof value === "object" && !Array.isArray(value);
  const found = { ...known };
  for (const [key, value] of Object.entries(news ?? {})) found[key] = plain(value) && plain(found[key]) ? over(found[key], value) : value;
  return found;
}

export const person = reactive({ name: "", role: "", looked: null, ...(told() ?? {}) });
export const settings = reactive(over(FIRST, person.settings));
delete person.settings;

// What the style sheets read: attributes of the root.
export function show() {
  const root = document.documentElement.dataset;
  if (settings.theme === "auto") delete root.theme;
  else root.theme = settings.theme;
  root.density = settings.density;
  if (settings.motion === "less") root.motion = "less";
  else delete root.motion;
}

const at = (path) => path.split(".").reduce((value, key) => value?.[key], settings);
function place(path, value) {
  const keys = path.split(".");
  const last = keys.pop();
  keys.reduce((inner, key) => inner[key], settings)[last] = value;
}

const tabs = "BroadcastChannel" in window ? new BroadcastChannel("callboard.settings") : null;
if (tabs) tabs.onmessage = ({ data }) => at(data?.path ?? "") !== undefined && (place(data.path, data.value), show());

let waiting = Promise.resolve();

// Changes one setting, such as setSetting("notify.levels.high", true). Shown at once; taken back when the server refuses.
export function setSetting(path, value) {
  const before = at(path);
  if (before === undefined) throw new Error(`There is no setting '${path}'`);
  place(path, value);
  show();
  tabs?.postMessage({ path, value: JSON.parse(JSON.stringify(value)) });
  const wish = path.split(".").reduceRight((inner, key) => ({ [key]: inner }), value);
  waiting = waiting.then(() => put("/me", { settings: wish })).catch((problem) => {
    if (JSON.stringify(at(path)) === JSON.stringify(value)) place(path, before), show();
    toast(`Not kept: ${problem.message}`);
  });
  return waiting;
}

// Whether things may move: not when the person or their system asks for less.
const still = matchMedia("(prefers-reduced-motion: reduce)");
export const moves = () => settings.motion !== "less" && !still.matches;

// The names in the order that the person gave them, without those put away.
export function arranged(names) {
  const order = settings.panels.order.filter((name) => names.includes(name));
  return [...order, ...names.filter((name) => !order.includes(name))].filter((name) => !settings.panels.hidden.includes(name));
}
export const useArranged = (names) => computed(() => arranged(names));
