// The inbox: what waits for a person, one after the other, with what has to be known to decide.
import { computed, nextTick, reactive, ref, watch } from "vue";
import { useCommands } from "callboard/commands.js";
import { CbExport } from "callboard/export.js";
import { CbFrame, pulse, useTitle } from "callboard/frame.js";
import { follow, get } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import { KINDS, Waits } from "callboard/waits.js";
import * as words from "callboard/words.js";

const MOST_KEYS = 9;
const asked = () => new URLSearchParams(location.search).get("item");
const hrefOf = (row) => `?item=${words.segment(row.id)}`;
const tone = (line) => (/^\+(?!\+\+)/.test(line) ? "t-good" : /^-(?!--)/.test(line) ? "t-bad" : /^@@|^diff |^[+-]{3} /.test(line) ? "t-off" : "");

const CbEvidence = {
  components: PARTS,
  props: { row: Object, found: Object, fault: String, waits: Object, choose: Function },
  setup: () => ({ words, KINDS, tone, MOST_KEYS }),
  template: `
    <article class="panel evidence" :data-item="row.id" :aria-label="row.title">
      <header>
        <CbState :word="KINDS[row.kind] || 'needs decision'" bare/>
        <h2>{{ row.title }}</h2>
        <a v-if="row.href" class="more" :href="row.href">Open its page</a>
      </header>
      <p class="evidence-text">{{ row.text }}</p>
      <div v-if="row.acts.length" class="evidence-acts">
        <span v-for="(act, i) in row.acts" :key="act.label" class="evidence-act">
          <CbAct :tone="act.danger ? 'danger' : i === 0 ? 'primary' : ''" :run="() => choose(row, act)">{{ act.label }}</CbAct>
          <kbd v-if="i < MOST_KEYS" class="off-phone" aria-hidden="true">{{ i + 1 }}</kbd>
        </span>
      </div>
      <p v-else class="evidence-text quiet">There is nothing to choose here: it goes away by itself once the cause is mended.</p>
      <p v-if="fault" class="trouble" role="alert">{{ fault }}</p>
      <template v-else-if="found">
        <dl v-if="found.facts.length" class="pairs evidence-facts">
          <template v-for="(f, i) in found.facts" :key="i"><dt>{{ f.name }}</dt><dd><a v-if="f.href" class="hold" :href="f.href">{{ f.text }}</a><template v-else>{{ f.text }}</template></dd></template>
        </dl>
        <ul v-if="found.files.length" class="rows evidence-files">
          <li v-for="f in found.files" :key="f.path"><code>{{ f.path }}</code><span class="quiet">{{ f.kind }}</span><span class="num t-good">+{{ f.added }}</span><span class="num t-bad">−{{ f.removed }}</span></li>
        </ul>
        <figure v-if="found.log" class="evidence-log">
          <figcaption><span>The last lines of attempt {{ found.log.attempt }}</span><a class="hold" :href="'/tasks/' + found.log.task + '?tab=log'">the whole log</a></figcaption>
          <pre tabindex="0" aria-label="The last lines of the log">{{ found.log.text }}</pre>
        </figure>
        <figure v-if="found.lines.length" class="evidence-log">
          <figcaption>{{ row.kind === 'patch' ? 'What it changes' : 'callboard.toml' }}</figcaption>
          <pre tabindex="0" :aria-label="row.kind === 'patch' ? 'The patch' : 'callboard.toml'"><span v-for="(line, i) in found.lines" :key="i" :class="row.kind === 'patch' ? tone(line) : ''">{{ line }}{{ '\\n' }}</span></pre>
        </figure>
      </template>
      <p v-else class="evidence-text quiet" aria-busy="true">Looking it up…</p>
    </article>
  `,
};

export default {
  components: { CbFrame, CbEvidence, CbExport, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const frame = JSON.parse(props.meta);
    const waits = new Waits(JSON.parse(props.first));
    const chosen = ref(asked() ?? waits.rows[0]?.id ?? null);
    const state = reactive({ evidence: {}, faults: {}, gone: null });
    const list = ref(null);

    const row = computed(() => waits.rows.find((r) => r.id === chosen.value) ?? null);
    async function lookUp(id) {
      if (!id || !waits.rows.some((r) => r.id === id)) return;
      try {
        state.evidence[id] = (await get(`/inbox/${words.segment(id)}`)).evidence;
        delete state.faults[id];
      } catch (problem) {
        state.faults[id] = problem.message;
      }
    }
    function pick(id, focus = false) {
      chosen.value = id;
      state.gone = null;
      history.replaceState(null, "", id ? `?item=${words.segment(id)}` : location.pathname);
      if (focus) nextTick(() => list.value?.querySelector("[aria-current]")?.focus());
    }
    watch(chosen, lookUp, { immediate: true });

    // What is chosen may go away under one's eyes: that is said, and the next one is taken only by hand.
    function left(gone) {
      const here = gone.find((r) => r.id === chosen.value);
      if (here && !waits.mine.has(here.id)) state.gone = here;
      else if (here || !chosen.value) pick(waits.rows[0]?.id ?? null);
      else if (!row.value && !state.gone) chosen.value = waits.rows[0]?.id ?? null;
    }
    follow({
      rooms: () => ["board"],
      refetch: async () => {
        left(await waits.refetch());
        return null;
      },
      fold: async (m) => typeof m.inbox === "number" && (left(await waits.refetch()), lookUp(chosen.value)),
    });

    async function choose(item, act) {
      const at = waits.rows.findIndex((r) => r.id === item.id);
      if (await waits.choose(item, act)) pick((waits.rows[at] ?? waits.rows[at - 1])?.id ?? null, true);
    }
    const step = (by) => {
      const at = waits.rows.findIndex((r) => r.id === chosen.value);
      const next = waits.rows[Math.min(waits.rows.length - 1, Math.max(0, at + by))];
      if (next) pick(next.id, true);
    };
    useCommands(
      () => [
        { id: "list.next", title: "Next", keys: "j", run: () => step(1) },
        { id: "list.back", title: "The one before", keys: "k", run: () => step(-1) },
        { id: "inbox.open", title: "Open its page", keys: "o", href: row.value?.href, when: () => !!row.value?.href },
        ...(row.value?.acts ?? []).map((act, i) => ({ id: `inbox.choose.${i}`, title: `${row.value.title} ${act.label}`, keys: i < MOST_KEYS ? String(i + 1) : undefined, run: () => choose(row.value, act) })),
      ],
      "Inbox",
    );
    function key(event) {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (by) event.preventDefault(), step(by);
    }
    watch(() => waits.rows.length, (n) => (pulse.needs = n), { immediate: true });
    useTitle(() => "Inbox – Callboard");
    return { frame, waits, chosen, row, state, list, pick, choose, key, hrefOf, KINDS, words };
  },
  template: `
    <CbFrame :meta="frame" here="/inbox">
      <div class="head"><h1>Inbox</h1><span class="quiet num">{{ waits.rows.length ? words.plural(waits.rows.length, 'thing waits', 'things wait') + ' for a person' : 'nothing waits for a person' }}</span><div class="acts"><CbExport table="inbox" what="the inbox"/></div></div>
      <div v-if="waits.rows.length || state.gone" class="inbox">
        <nav class="panel inbox-list" aria-label="What waits" ref="list" @keydown="key">
          <ol>
            <li v-for="r in waits.rows" :key="r.id">
              <a class="inbox-row" :class="{quieter: r.rank >= 6}" :href="hrefOf(r)" :data-waits="r.id" :aria-current="r.id === chosen ? 'true' : undefined" @click.exact.prevent="pick(r.id)">
                <CbState :word="KINDS[r.kind] || 'needs decision'" bare/>
                <span class="inbox-main"><span class="inbox-title">{{ r.title }}</span><span class="inbox-text">{{ r.text }}</span></span>
                <span class="inbox-meta"><span>{{ r.kind }}</span><CbAgo :at="r.since"/></span>
              </a>
              <CbEvidence v-if="r.id === chosen" class="only-phone" :row="r" :found="state.evidence[r.id]" :fault="state.faults[r.id]" :choose="choose"/>
            </li>
          </ol>
        </nav>
        <div class="inbox-pane">
          <div v-if="state.gone" class="panel" role="status" data-gone><CbEmpty :title="state.gone.title + ' – no longer waits'">Somebody else dealt with it, or it is over. <a v-if="state.gone.href" :href="state.gone.href"><b>See what became of it</b></a></CbEmpty></div>
          <CbEvidence v-else-if="row" :key="row.id" :row="row" :found="state.evidence[row.id]" :fault="state.faults[row.id]" :choose="choose"/>
        </div>
      </div>
      <div v-else class="panel"><CbEmpty title="Nothing waits for you">Here stand questions of agents, tasks that need a decision, patches to accept, and whatever keeps work from starting. It fills by itself; you need not look.</CbEmpty></div>
    </CbFrame>
  `,
};
