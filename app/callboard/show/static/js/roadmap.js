// The roadmap as it was last read: its words, its filters, and a page's line to it.
import { computed, h, reactive, ref, shallowRef, watch } from "vue";
import { address, asked } from "callboard/address.js";
import { act, follow, get } from "callboard/live.js";
import { person, setSetting, settings } from "callboard/settings.js";
import * as words from "callboard/words.js";

export const LAYERS = ["critical", "high", "medium", "low"];
const QUIET_MS = 400; // many ticks in a row are one reading
const STALE_S = 14 * 86400;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const dayOf = (at) => new Date(at * 1000);
function day(d, month = true, year = false) {
  return `${d.getDate()}${month ? ` ${MONTHS[d.getMonth()]}` : ""}${year ? ` ${d.getFullYear()}` : ""}`;
}
// A moment by its day: "12 Dec", with the year when it is another one than this.
export function dayWords(at, now = words.clock.now) {
  if (at == null) return words.DASH;
  const d = dayOf(at);
  return day(d, true, d.getFullYear() !== dayOf(now).getFullYear());
}
// "12–19 Dec", "28 Nov – 3 Dec", "today": when half of the futures are over, and when four of five.
export function rangeWords(range, now = words.clock.now) {
  if (!range) return words.DASH;
  const [from, to, today] = [dayOf(Math.max(range.p50, now)), dayOf(Math.max(range.p80, now)), dayOf(now)];
  const year = to.getFullYear() !== today.getFullYear();
  const same = from.getFullYear() === to.getFullYear();
  if (from.toDateString() === to.toDateString()) return from.toDateString() === today.toDateString() ? "today" : day(from, true, year);
  if (same && from.getMonth() === to.getMonth()) return `${day(from, false)}–${day(to, true, year)}`;
  return `${day(from, true, !same)} – ${day(to, true, year)}`;
}
export const rangeTitle = (range, why) => (range ? `Half of the forecast ends by ${dayWords(range.p50)}, four fifths by ${dayWords(range.p80)}, nearly all by ${dayWords(range.p95)}` : why || "no forecast");
export const share = (row) => (row.total ? row.done / row.total : null);

// When something is expected; without a forecast why there is none.
export const CbEta = {
  props: { eta: Object, why: String, brief: Boolean, known: String }, // known: the reason that stands elsewhere on the page already
  setup: (props) => () =>
    props.eta
      ? h("span", { class: "num eta", title: rangeTitle(props.eta) }, rangeWords(props.eta))
      : h("span", { class: ["eta-none", { none: props.brief }], title: props.why || undefined }, props.brief ? words.DASH : props.why && props.why === props.known ? "no forecast yet" : props.why || "no forecast"),
};

// How much matters, by shape as well: one to three bars, and a mark for what cannot wait.
export const CbLayerMark = {
  props: { layer: String },
  setup: (props) => () => {
    const level = { low: 1, medium: 2, high: 3 }[props.layer];
    const bars = [1, 2, 3].map((n) => h("rect", { x: n * 4 - 2, y: 12 - n * 3, width: 3, height: n * 3 + 1, rx: 0.8, class: { on: n <= level } }));
    const cry = [h("rect", { x: 1.5, y: 1.5, width: 13, height: 13, rx: 3, class: "on" }), h("path", { d: "M8 4.300v4.400M8 11.400v.1", class: "cry" })];
    return h("svg", { viewBox: "0 0 16 16", class: ["layer-mark", `layer-${props.layer}`], "aria-hidden": "true" }, level ? bars : cry);
  },
};

// How far a change is, as a ring that fills; complete is a check.
export const CbShare = {
  props: { of: Object },
  setup: (props) => () => {
    const part = share(props.of);
    const whole = props.of.status === "complete";
    const told = part == null ? "no tasks" : `${props.of.percent} % done`;
    const ring = h("circle", { cx: 8, cy: 8, r: 6, class: part == null ? "share-none" : "share-back" });
    const fill = part ? h("circle", { cx: 8, cy: 8, r: 6, class: "share-on", pathLength: 100, "stroke-dasharray": `${part * 100} 100`, transform: "rotate(-90 8 8)" }) : null;
    return h("svg", { viewBox: "0 0 16 16", class: ["share", { whole }], role: "img", "aria-label": told }, [h("title", told), ...(whole ? [h("circle", { cx: 8, cy: 8, r: 7, class: "share-all" }), h("path", { d: "M4.800 8.300l2.200 2.200l4.200-4.700", class: "share-check" })] : [ring, fill])]);
  },
};

// Reads again when the live key says that something changed: once for many changes, and never two at a time.
export function useRoadmap(first, path, more = () => {}) {
  const map = shallowRef(first);
  let timer = 0;
  let busy = false;
  async function refetch() {
    map.value = await get(path);
    return null;
  }
  async function again() {
    timer = 0;
    if (busy) return void (timer = setTimeout(again, QUIET_MS));
    busy = true;
    try {
      await refetch();
    } catch {
      // a link that is down is said by the frame; the next message asks again
    } finally {
      busy = false;
    }
  }
  const soon = () => (timer ||= setTimeout(again, QUIET_MS));
  follow({
    rooms: () => ["board"],
    refetch,
    fold(m) {
      if (typeof m.roadmap === "number") soon();
      more(m);
    },
  });
  return { map, refetch, soon };
}

// Which layers the person keeps closed; while something is filtered, all that fits is open.
export function useFolds(filtering) {
  const over = reactive({});
  watch(filtering, () => Object.keys(over).forEach((key) => delete over[key]));
  const closed = (layer) => (filtering.value ? over[layer] === true : settings.roadmap.closed.includes(layer));
  function fold(layer) {
    if (filtering.value) return void (over[layer] = !over[layer]);
    const kept = settings.roadmap.closed;
    setSetting("roadmap.closed", kept.includes(layer) ? kept.filter((l) => l !== layer) : [...kept, layer]);
  }
  const all = (shut) => (filtering.value ? LAYERS.forEach((l) => (over[l] = shut)) : setSetting("roadmap.closed", shut ? [...LAYERS] : []));
  return { closed, fold, all };
}

export const isStale = (c) => c.status === "in-progress" && c.last != null && words.clock.now - c.last > STALE_S;
export const isMine = (c) => !!person.name && (c.owner === person.name || c.agents.includes(`@${person.name}`) || c.agents.includes(person.name));
export const NARROW = [
  { name: "path", title: "critical path", fits: (c) => c.critical },
  { name: "blocked", title: "blocked", fits: (c) => c.blockers.length > 0 },
  { name: "mine", title: "mine", fits: isMine },
  { name: "stale", title: "nothing for 14 days", fits: isStale },
  { name: "found", title: "with checks", fits: (c) => c.checks > 0 },
  { name: "open", title: "not complete", fits: (c) => c.status !== "complete" },
];

// The filters of the page, in its address.
export function useFilters(changes) {
  const wants = reactive({ q: asked("q"), layer: LAYERS.includes(asked("layer")) ? asked("layer") : "", who: asked("who"), ...Object.fromEntries(NARROW.map((f) => [f.name, asked(f.name) === "1"])) });
  watch(wants, () => address({ ...wants }));
  const on = computed(() => Object.values(wants).some(Boolean));
  const who = computed(() => [...new Set(changes.value.flatMap((c) => [c.owner, ...c.agents]).filter(Boolean))].sort((a, b) => a.localeCompare(b)).slice(0, 60));
  const text = (c) => `${c.id} ${c.title} ${c.owner} ${c.agents.join(" ")} ${c.milestones.join(" ")}`.toLowerCase();
  const fits = (c) =>
    (!wants.q.trim() || wants.q.trim().toLowerCase().split(/\s+/).every((word) => text(c).includes(word))) &&
    (!wants.layer || c.layer === wants.layer) &&
    (!wants.who || c.owner === wants.who || c.agents.includes(wants.who)) &&
    NARROW.every((f) => !wants[f.name] || f.fits(c));
  const shown = computed(() => changes.value.filter(fits));
  const clear = () => Object.keys(wants).forEach((key) => (wants[key] = typeof wants[key] === "boolean" ? false : ""));
  return { wants, on, who, shown, clear };
}

// A change goes elsewhere: the engine's word counts, the page reads again.
export async function placeChange(change, where, done, soon) {
  const told = await act("/roadmap/place", { change: change.id, ...where }, done);
  if (told) soon();
  return told;
}
export const narrowed = () => ref(matchMedia("(max-width: 640px)").matches);
