// Something is picked up and put down: by pointer, or with Space and the arrows. The page says where it may go.
import { computed, nextTick, onBeforeUnmount, reactive } from "vue";
import * as words from "callboard/words.js";

const NEAR = 5; // pixels before a press is a drag
const EDGE = 70; // pixels from the end of the window at which the page moves on
const STEP = 16;

// what.places(held): [{name, title, note, why}], `why` says why it cannot go there; what.drop(held, name): true once it is there; what.name(held): in words.
export function useLift(what) {
  const held = reactive({ item: null, how: "", over: "", x: 0, y: 0, said: "", at: 0 });
  let from = null;
  let press = null;
  const places = computed(() => (held.item ? what.places(held.item) : []));

  function pick(item, how, element = null) {
    from = element ?? document.activeElement;
    Object.assign(held, { item, how, over: "", at: 0 });
    const able = places.value.filter((p) => !p.why).length;
    held.said = `${what.name(item)} is picked up. ${able ? `It can go to ${words.plural(able, "place")}` : "It can go nowhere"}; arrows choose, Enter drops, Escape puts it back.`;
    if (how !== "drag") nextTick(() => focus(Math.max(0, places.value.findIndex((p) => !p.why))));
  }
  function focus(at) {
    const all = document.querySelectorAll(".lift [data-place]");
    held.at = Math.max(0, Math.min(all.length - 1, at));
    all[held.at]?.focus();
  }
  function back(said = "") {
    if (!held.item) return;
    Object.assign(held, { said: said || `${what.name(held.item)} stays where it is.`, item: null, how: "", over: "" });
    if (from?.isConnected) from.focus({ preventScroll: true });
    from = null;
  }
  async function drop(name) {
    const item = held.item;
    const place = places.value.find((p) => p.name === name);
    if (!item || !place) return back();
    if (place.why) return void (held.said = `It cannot go to ${place.title}: ${place.why}.`);
    const done = await what.drop(item, name);
    back(done ? `${what.name(item)} is with ${place.title} now.` : `${what.name(item)} stays where it is: refused.`);
  }
  function key(event) {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") event.preventDefault(), event.stopPropagation(), back();
    else if (event.key === "Tab") back();
    else if (event.key === "Home" || event.key === "End") event.preventDefault(), focus(event.key === "Home" ? 0 : 999);
    else if (step) event.preventDefault(), focus(held.at + step);
    else if (event.key === "Enter" || event.key === " ") event.preventDefault(), event.stopPropagation(), drop(places.value[held.at]?.name);
    else if (event.key.length === 1) event.stopPropagation();
  }

  // -- by pointer: the handle takes the touch, so that the page does not scroll under it --
  const under = (event) => document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-place]")?.dataset.place ?? "";
  function down(event, item) {
    if (event.button) return;
    press = { item, x: event.clientX, y: event.clientY, element: event.currentTarget };
    event.currentTarget.setPointerCapture(event.pointerId);
  }
  function move(event) {
    if (!press) return;
    if (!held.item && Math.hypot(event.clientX - press.x, event.clientY - press.y) > NEAR) pick(press.item(), "drag", press.element);
    if (held.how !== "drag") return;
    Object.assign(held, { x: event.clientX, y: event.clientY, over: under(event) });
    if (event.clientY > innerHeight - EDGE) scrollBy(0, STEP);
    else if (event.clientY < EDGE + 52) scrollBy(0, -STEP);
  }
  function up(event) {
    const dragged = press && held.how === "drag";
    press = null;
    if (!dragged) return;
    const place = under(event);
    if (place) drop(place).finally(() => held.how === "drag" && back());
    else back();
  }
  const lost = () => ((press = null), held.how === "drag" && back());
  const escape = (event) => event.key === "Escape" && held.how === "drag" && lost();
  document.addEventListener("keydown", escape);
  onBeforeUnmount(() => document.removeEventListener("keydown", escape));
  const handle = (item) => ({
    onPointerdown: (event) => down(event, item), onPointermove: move, onPointerup: up, onPointercancel: lost,
    onClick: (event) => !event.detail && pick(item(), "keys", event.currentTarget),
    onKeydown: (event) => event.key === " " && (event.preventDefault(), event.stopPropagation(), pick(item(), "keys", event.currentTarget)),
  });
  return { held, places, pick, drop, back, key, handle, name: what.name };
}

// Where it can be put down, while something is held.
export const CbLift = {
  props: { lift: Object, title: String, beside: Boolean }, // beside: on a wide window the places stand on the page itself
  setup: (props) => ({ held: props.lift.held, list: computed(() => props.lift.places.value) }),
  template: `
    <p class="sr" aria-live="assertive" data-lift-said>{{ held.said }}</p>
    <div v-if="held.item" class="mover lift" :class="[held.how, {beside}]" @focusout="held.how !== 'drag' && !$event.currentTarget.contains($event.relatedTarget) && $event.relatedTarget && lift.back()">
      <p class="mover-title">{{ title }} <b>{{ lift.name(held.item) }}</b></p>
      <ul role="listbox" :aria-label="title + ' ' + lift.name(held.item)" @keydown="lift.key">
        <li v-for="(p, i) in list" :key="p.name" role="option" tabindex="-1" :data-place="p.name" class="mover-target" :class="{over: held.over === p.name, not: p.why}" :aria-selected="held.how !== 'drag' && held.at === i" @click="lift.drop(p.name)">
          <slot name="mark" :place="p"/>
          <span class="mover-name">{{ p.title }}</span>
          <span class="mover-why">{{ p.why || p.note }}</span>
        </li>
      </ul>
      <button v-if="held.how !== 'drag'" type="button" class="button small" @click="lift.back()">Leave it</button>
    </div>
    <div v-if="held.how === 'drag'" class="mover-ghost" :style="{transform: 'translate(' + (held.x + 10) + 'px,' + (held.y + 8) + 'px)'}" aria-hidden="true">{{ lift.name(held.item) }}</div>
  `,
};

// The handle at a row; item(): what it lifts.
export const CbHandle = {
  props: { lift: Object, item: Function, label: String },
  setup: (props) => ({ binds: props.lift.handle(() => props.item()) }),
  template: `
    <button type="button" class="grip" v-bind="binds" :aria-label="label + ': Space picks it up'" title="Drag it, or press Space">
      <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M6 3.500v.1M10 3.500v.1M6 8v.1M10 8v.1M6 12.500v.1M10 12.500v.1"/></svg>
    </button>
  `,
};
