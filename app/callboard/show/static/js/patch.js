// Pieces that the pages of patches share.
import { computed } from "vue";
import * as words from "callboard/words.js";

const STATES = {
  proposed: ["ask", "needs decision"],
  accepted: ["good", "succeeded"],
  rejected: ["off", "cancelled"],
  undone: ["off", "skipped"],
  stale: ["off", "lost"],
};
// A patch's state in the colours and shapes of all states.
export const CbPatchState = {
  props: { word: String, big: Boolean },
  setup: (props) => ({
    tone: computed(() => (STATES[props.word] ?? ["odd"])[0]),
    shape: computed(() => words.stateOf((STATES[props.word] ?? ["", "unknown"])[1]).shape),
  }),
  template: `
    <span class="state" :class="['t-' + tone, {big}]" :data-state="word">
      <svg viewBox="0 0 16 16" class="shape" aria-hidden="true"><path :d="shape.d" :class="{filled: shape.fill === true, heavy: shape.heavy, dashed: shape.dashed}"/></svg>
      <span>{{ word }}</span>
    </span>
  `,
};

// What was so before, and after.
export const CbProof = {
  props: { of: Array, said: String },
  template: `
    <ul v-if="of.length" class="proof">
      <li v-for="p in of" :key="p.name"><span>{{ p.name }}</span> <b class="num">{{ p.before }} <span class="quiet" aria-hidden="true">→</span><span class="sr"> to </span> {{ p.after }}</b></li>
    </ul>
    <span v-else-if="said" class="reason">{{ said }}</span>
    <span v-else class="none" title="the agent gave no proof">–</span>
  `,
};

// The lines of a diff by file: what git says of it, then numbered lines. Text goes in as text alone.
export function filesOf(lines) {
  const files = [];
  let file = null;
  let before = 0;
  let after = 0;
  let within = 0;
  let key = 0;
  for (const text of lines) {
    if (!within && text.startsWith("diff --git ")) {
      file = { key: key++, name: "", lines: [] };
      files.push(file);
      continue;
    }
    if (!file) continue;
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)/.exec(text);
    if (hunk && !within) {
      before = Number(hunk[1]);
      after = Number(hunk[3]);
      within = Number(hunk[2] ?? 1) + Number(hunk[4] ?? 1);
      file.lines.push({ key: key++, kind: "at", text: hunk[5].trim() || `line ${hunk[3]}`, old: "", now: "" });
    } else if (within && text.startsWith("+")) {
      within -= 1;
      file.lines.push({ key: key++, kind: "add", text: text.slice(1), old: "", now: after++ });
    } else if (within && text.startsWith("-")) {
      within -= 1;
      file.lines.push({ key: key++, kind: "del", text: text.slice(1), old: before++, now: "" });
    } else if (within && !text.startsWith("\\")) {
      within -= 2;
      file.lines.push({ key: key++, kind: "", text: text.slice(1), old: before++, now: after++ });
    } else if (text.startsWith("\\") || text.startsWith("GIT binary")) {
      file.lines.push({ key: key++, kind: "note", text: text.startsWith("GIT") ? "binary content" : text.slice(2), old: "", now: "" });
    }
  }
  return files;
}
