// Rules that act alone, when they are switched on: what each would have done, what it did, and the way back.
import { computed } from "vue";
import { act } from "callboard/live.js";
import { ask } from "callboard/dialog.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const EXAMPLE = `[rules.calm]
when = ["case-flaky"]
do = "quarantine"
mode = "dry-run"`;
const MODES = { act: ["running", "acts alone"], "dry-run": ["acknowledged", "dry run only"], off: ["off", "off"] };

export function useRules(soon) {
  const path = (name, deed) => `/insights/rules/${words.segment(name)}/${deed}`;
  const after = (told) => (told && soon(), told);
  const tryIt = async (rule) => after(await act(path(rule.name, "dry-run"), {}, `Tried, nothing was changed: ${rule.name}`));
  async function undo(rule, firing) {
    const title = firing.words || firing.title;
    if (!(await ask({ title: `Take back what '${rule.name}' did?`, text: `${title}\n\nIt is put back as it was before; that you did so is kept.`, yes: "Take it back" }))) return null;
    return after(await act(path(rule.name, "undo"), { firing: firing.id }, `Taken back: ${title}`));
  }
  return { tryIt, undo };
}

export const CbRules = {
  components: PARTS,
  props: { rules: Array, deeds: Object },
  setup(props) {
    const on = computed(() => props.rules.filter((r) => r.mode === "act").length);
    const mode = (r) => MODES[r.mode] ?? ["unknown", r.mode];
    return { on, mode, EXAMPLE, words };
  },
  template: `
    <section class="panel" aria-labelledby="h-rules">
      <header><h2 id="h-rules">Rules</h2><span v-if="rules.length" class="quiet">{{ on ? on + ' of ' + rules.length + ' act alone' : 'none acts alone' }}</span></header>
      <ul v-if="rules.length" class="rows rules">
        <li v-for="r in rules" :key="r.name" class="rule-row" :data-rule="r.name">
          <div class="rule-what">
            <p class="rule-line"><span class="name">{{ r.name }}</span><CbState :word="mode(r)[0]" bare/><span class="rule-mode">{{ mode(r)[1] }}</span></p>
            <p class="rule-words">{{ r.words }}</p>
            <p v-if="r.why" class="quiet">{{ r.why }}</p><p v-if="r.mode === 'act' && r.left != null" class="quiet num">may act {{ words.plural(r.left, 'time') }} more in this hour, of {{ r.per_hour }}</p>
            <p v-if="r.trouble" class="trouble">{{ r.trouble }}</p>
          </div>
          <div class="rule-acts">
            <CbAct small :run="() => deeds.tryIt(r)" data-dry>Try it dry</CbAct>
          </div>
          <div v-if="r.dry" class="rule-dry"><p>as a dry run: would have acted <b class="num">{{ words.plural(r.dry.would, 'time') }}</b> in {{ words.plural(r.dry.days, 'day') }}, the last <CbAgo :at="r.dry.at"/></p>
            <ul v-if="(r.dry.lines || []).length"><li v-for="(line, i) in r.dry.lines.slice(0, 6)" :key="i">{{ line }}</li><li v-if="r.dry.lines.length > 6" class="quiet">and {{ r.dry.lines.length - 6 }} more</li></ul></div>
          <ol v-if="r.acts.length" class="rule-fired" aria-label="What it did">
            <li v-for="f in r.acts" :key="f.id" :data-firing="f.id" :class="{undone: f.undone}"><CbAgo :at="f.at"/><span class="rule-did">{{ f.title }}<span v-if="f.words && f.words !== f.title" class="quiet">: {{ f.words }}</span></span><span v-if="f.undone" class="quiet">taken back<template v-if="f.undone.by"> by {{ f.undone.by }}</template> <CbAgo :at="f.undone.at"/></span><CbAct v-else-if="f.can_undo" small :run="() => deeds.undo(r, f)" data-undo>Take back</CbAct></li>
          </ol>
        </li>
      </ul>
      <CbEmpty v-else title="No rule acts alone">Callboard does nothing by itself until you write a rule into <code>callboard.toml</code>. Each is tried dry first, says what it did, and can be taken back.</CbEmpty>
      <div v-if="!rules.length" class="side-none rule-example"><pre tabindex="0" aria-label="A rule in callboard.toml">{{ EXAMPLE }}</pre></div>
    </section>
  `,
};
