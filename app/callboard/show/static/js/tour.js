// The guided tour: a card at the foot of every page of the sample workspace; what was done is told by the board, not by clicks.
import { computed, nextTick, onMounted, onUnmounted, ref } from "vue";
import { useCommands } from "callboard/commands.js";
import { CbAct } from "callboard/parts.js";
import { setSetting, settings } from "callboard/settings.js";
import { STEPS } from "callboard/tour_steps.js";

const LOOK_MS = 3000;
const AT = "callboard.tour.at";
const POINT = "callboard.tour.point";
const WAIT_MS = 400;
const TRIES = 15;

function kept(name) {
  try {
    return sessionStorage.getItem(name);
  } catch {
    return null;
  }
}
function keep(name, value) {
  try {
    if (value === null) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, value);
  } catch {
    return; // then the tour begins with the first step that is not done
  }
}

export const CbTour = {
  components: { CbAct },
  props: { meta: Object },
  setup(props) {
    const isSample = computed(() => !!props.meta.workspace?.sample);
    const shown = computed(() => isSample.value && !settings.tour.off);
    const done = computed(() => settings.tour.done);
    const chosen = ref(kept(AT));
    const at = computed(() => {
      const known = STEPS.findIndex((step) => step.name === chosen.value);
      const first = STEPS.findIndex((step) => !done.value.includes(step.name));
      return known >= 0 ? known : first >= 0 ? first : STEPS.length - 1;
    });
    const step = computed(() => STEPS[at.value]);
    const parts = computed(() => step.value.text.split("`")); // what stands between two of these is a key
    const words = ref("");
    const folded = ref(false);
    const isOver = computed(() => STEPS.every((one) => done.value.includes(one.name)));

    async function look() {
      if (!shown.value || document.hidden) return;
      const mine = step.value;
      let said = "";
      try {
        said = await mine.done();
      } catch {
        return; // the page says itself when there is no link
      }
      if (mine !== step.value) return;
      words.value = said;
      if (said && !done.value.includes(mine.name)) setSetting("tour.done", [...done.value, mine.name]);
    }
    function go(by) {
      chosen.value = STEPS[Math.min(STEPS.length - 1, Math.max(0, at.value + by))].name;
      keep(AT, chosen.value);
      words.value = "";
      look();
    }
    async function show() {
      let path = "/";
      try {
        path = typeof step.value.where === "function" ? await step.value.where() : step.value.where;
      } catch {
        return;
      }
      keep(AT, step.value.name);
      keep(POINT, step.value.point);
      if (location.pathname + location.hash === path || location.pathname === path) return ring();
      location.href = path;
    }
    // Rings what a step is about, once it is there; the page may still be reading.
    async function ring(tries = TRIES) {
      const selector = kept(POINT);
      if (!selector) return;
      await nextTick();
      const found = document.querySelector(selector);
      if (!found) return void (tries > 0 ? setTimeout(() => ring(tries - 1), WAIT_MS) : keep(POINT, null));
      keep(POINT, null);
      found.classList.add("tour-ring"); // with it comes room for the bar above it
      found.scrollIntoView({ block: "start", behavior: "auto" });
      setTimeout(() => found.classList.remove("tour-ring"), 6000);
    }
    const end = () => setSetting("tour.off", true);
    function begin() {
      chosen.value = STEPS[0].name;
      keep(AT, chosen.value);
      folded.value = false;
      if (settings.tour.done.length) setSetting("tour.done", []);
      setSetting("tour.off", false);
    }
    useCommands(
      () => [
        { id: "tour.begin", title: "Guided tour: from the start", run: begin, when: () => isSample.value },
        { id: "tour.show", title: "Guided tour: show me", run: show, when: () => shown.value },
        { id: "tour.next", title: "Guided tour: next step", run: () => go(1), when: () => shown.value && at.value < STEPS.length - 1 },
        { id: "tour.end", title: "Guided tour: end it", run: end, when: () => shown.value },
      ],
      "Everywhere",
    );
    let timer = 0;
    onMounted(() => {
      if (!isSample.value) return;
      look();
      ring();
      timer = setInterval(look, LOOK_MS);
    });
    onUnmounted(() => clearInterval(timer));
    return { shown, step, parts, at, words, folded, done, isOver, go, show, end, STEPS };
  },
  template: `
    <aside v-if="shown" class="tour panel" :class="{folded}" aria-labelledby="tour-title" :data-step="step.name" :data-done="done.includes(step.name) ? 'yes' : 'no'">
      <header>
        <span class="tour-count num">{{ at + 1 }} of {{ STEPS.length }}</span>
        <h2 id="tour-title">{{ step.title }}</h2>
        <button type="button" class="icon" :aria-expanded="!folded" :aria-label="folded ? 'Unfold the tour' : 'Fold the tour'" @click="folded = !folded"><svg viewBox="0 0 16 16" aria-hidden="true"><path :d="folded ? 'M3 10l5-5 5 5' : 'M3 6l5 5 5-5'"/></svg></button>
      </header>
      <template v-if="!folded">
        <p><template v-for="(part, i) in parts" :key="i"><kbd v-if="i % 2">{{ part }}</kbd><template v-else>{{ part }}</template></template></p>
        <p v-if="done.includes(step.name)" class="tour-done t-good tinted" role="status">✓ {{ words || 'Done.' }}</p>
        <p v-if="isOver" class="quiet">That was the tour. All of it works on your own repository: <code>callboard up</code> there.</p>
        <ol class="tour-dots" aria-hidden="true"><li v-for="(s, i) in STEPS" :key="s.name" :class="{on: i === at, done: done.includes(s.name)}"></li></ol>
        <div class="tools">
          <CbAct small tone="primary" data-act="tour.show" :run="show">Show me</CbAct>
          <button type="button" class="button small" :disabled="at === 0" @click="go(-1)">Back</button>
          <button type="button" class="button small" :disabled="at === STEPS.length - 1" data-act="tour.next" @click="go(1)">Next</button>
          <button type="button" class="link tour-end" @click="end">End the tour</button>
        </div>
      </template>
    </aside>
  `,
};
