// What can be done here, by name and by key: pages register commands while they live; the palette, the help and the keys use them.
import { computed, onScopeDispose, shallowReactive } from "vue";
import { toast } from "callboard/live.js";

const SEQUENCE_MS = 1200;
const sources = shallowReactive(new Map());

// list(): [{id, title, keys, group, run, href, when, hidden}]; may read reactive state. keys: "j", "shift+j", "g r", "mod+k".
export function useCommands(list, group = "This page") {
  const mine = Symbol("commands");
  sources.set(mine, () => list().map((command) => ({ group, ...command })));
  onScopeDispose(() => sources.delete(mine));
}

// Everything that is registered; of two with the same id the later one counts.
export const commands = computed(() => {
  const found = new Map();
  for (const list of sources.values()) for (const command of list()) if (command?.title) found.set(command.id, command);
  return [...found.values()];
});

// What of it can be done at this moment: `when` may look at anything.
export const available = () => commands.value.filter((command) => !command.when || command.when());

export async function perform(command) {
  if (command.href) return void (location.href = command.href);
  try {
    await command.run?.();
  } catch (problem) {
    toast(problem.message ?? String(problem));
  }
}

// -- keys --

const MAC = /mac|iphone|ipad/i.test(navigator.userAgentData?.platform ?? navigator.platform ?? "");
const SHOWN = { mod: MAC ? "⌘" : "Ctrl", shift: MAC ? "⇧" : "Shift", alt: MAC ? "⌥" : "Alt", arrowup: "↑", arrowdown: "↓", arrowleft: "←", arrowright: "→", enter: "Enter", escape: "Esc", space: "Space" };
// "g r" as [["g"], ["r"]], "shift+j" as [["Shift", "j"]]: for <kbd>.
export const keycaps = (keys) => keys.split(" ").map((chord) => chord.split("+").map((key) => SHOWN[key] ?? key));

function chordOf(event) {
  const key = event.key === " " ? "space" : event.key.toLowerCase();
  const letter = /^[a-z]$/.test(key) || key.length > 1; // "?" and the like hold their shift already
  return [(event.ctrlKey || event.metaKey) && "mod", event.altKey && "alt", event.shiftKey && letter && "shift", key].filter(Boolean).join("+");
}

const inField = (target) => target?.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
let lead = "";
let leadAt = 0;

export function typed(event) {
  if (event.defaultPrevented || event.isComposing || ["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
  const chord = chordOf(event);
  const free = chord.startsWith("mod+"); // works in a field and over a dialog as well
  if (event.key === "Escape" && inField(event.target) && !event.target.closest("dialog")) return event.target.blur();
  if (!free && (inField(event.target) || document.querySelector("dialog[open]"))) return;
  const known = available().filter((command) => command.keys);
  const before = performance.now() - leadAt < SEQUENCE_MS ? lead : "";
  lead = "";
  for (const tried of before ? [`${before} ${chord}`, chord] : [chord]) {
    const command = known.findLast((c) => c.keys === tried);
    if (command) {
      event.preventDefault();
      return void perform(command);
    }
    if (known.some((c) => c.keys.startsWith(tried + " "))) {
      lead = tried;
      leadAt = performance.now();
      return;
    }
  }
}

// -- lists: one row of all lists of the page has the focus; j, k and the arrows move it, Enter opens its main link --

const lists = shallowReactive(new Map());
const rows = () => (lists.size ? [...document.querySelectorAll([...lists.values()].join(","))].filter((row) => row.getClientRects().length) : []);
const rowOf = (all) => all.find((row) => row === document.activeElement || row.contains(document.activeElement));

function step(by) {
  const all = rows();
  if (!all.length) return;
  const here = rowOf(all);
  const at = here ? all.indexOf(here) : by > 0 ? -1 : all.length;
  const next = all[Math.min(all.length - 1, Math.max(0, at + by))];
  for (const row of all) if (row.hasAttribute("data-row-focus")) row.removeAttribute("data-row-focus");
  if (!next.hasAttribute("tabindex") && !next.matches("a[href], button")) next.tabIndex = -1;
  next.setAttribute("data-row-focus", "");
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function enter(event) {
  const row = event.target.closest?.("[data-row-focus]");
  if (row !== event.target || row.matches("a[href], button")) return;
  const goal = row.querySelector("[data-main]") ?? row.querySelector("a[href]") ?? row.querySelector("button");
  if (goal) event.preventDefault(), goal.click();
}

// selector: the rows, such as "#main .table tbody tr". More than one list of a page is walked in the order of the page.
export function useList(selector) {
  const mine = Symbol("list");
  const first = !lists.size;
  lists.set(mine, selector);
  useCommands(
    () => [
      { id: "list.next", title: "Next row", keys: "j", run: () => step(1), hidden: true },
      { id: "list.back", title: "Row before", keys: "k", run: () => step(-1), hidden: true },
    ],
    "Lists",
  );
  function key(event) {
    if (event.key === "Enter") return enter(event);
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && event.target.hasAttribute?.("data-row-focus")) event.preventDefault(), step(by);
  }
  if (first) document.addEventListener("keydown", key);
  onScopeDispose(() => {
    lists.delete(mine);
    if (first) document.removeEventListener("keydown", key);
  });
}
