// The sections of an agent's page: figures, tables, bars, words and trends, drawn from data. No markup of an agent passes.
import { computed, nextTick, reactive, ref, watch } from "vue";
import { act as post, newKey, toast } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import { CbTrend } from "callboard/trends.js";
import * as words from "callboard/words.js";

const FIRST = 50;

// Text with a state by colour, shape and word.
const CbMarked = {
  components: { CbState: PARTS.CbState },
  props: { state: String, text: String },
  setup: (props) => ({ tone: computed(() => (props.state ? `t-${words.stateOf(props.state).tone}` : "")) }),
  template: `<span class="marked" :class="[tone, {short: state && text.length <= 24}]"><CbState v-if="state" :word="state" bare/><bdi>{{ text }}</bdi></span>`,
};

const CbFigures = {
  components: { CbState: PARTS.CbState },
  props: { block: Object },
  setup: () => ({ words }),
  template: `
    <dl class="figures">
      <div v-for="(f, i) in block.figures" :key="i" class="figure">
        <dt><bdi>{{ f.label }}</bdi></dt>
        <dd>
          <span class="figure-value num"><bdi>{{ words.amount(f.value) }}</bdi><small v-if="f.unit">&nbsp;{{ f.unit }}</small></span>
          <CbState v-if="f.state" :word="f.state"/>
        </dd>
        <dd v-if="f.note" class="figure-note"><bdi>{{ f.note }}</bdi></dd>
      </div>
    </dl>
  `,
};

const CbCell = {
  components: { CbMarked, CbAct: PARTS.CbAct },
  props: { cell: {}, acts: Object },
  setup(props) {
    const rich = computed(() => props.cell !== null && typeof props.cell === "object");
    const place = computed(() => (rich.value && props.cell.path ? props.cell.path + (props.cell.line ? `:${props.cell.line}` : "") : ""));
    const text = computed(() => (rich.value ? props.cell.text : words.amount(props.cell)));
    const same = computed(() => !text.value || text.value === place.value || text.value === props.cell?.path);
    const href = computed(() => (props.cell?.finding ? `/tasks/${props.cell.finding.task}?tab=findings#${props.cell.finding.id}` : null));
    const started = computed(() => rich.value && props.cell.act && props.acts.started[props.acts.key(props.cell.act)]);
    return { rich, place, text, same, href, started, words };
  },
  template: `
    <template v-if="rich">
      <CbMarked v-if="text && !(place && same)" :state="cell.state || ''" :text="text"/>
      <CbMarked v-else-if="cell.state && !place" :state="cell.state" :text="cell.state"/>
      <span v-if="place" class="cell-place" :class="{below: !same}">
        <CbMarked v-if="same && cell.state" :state="cell.state" text=""/>
        <a v-if="href" :href="href" title="to the finding at this place"><bdi>{{ place }}</bdi></a>
        <bdi v-else>{{ place }}</bdi>
      </span>
      <template v-if="cell.act">
        <a v-if="started" class="cell-run" :href="'/runs/' + started">run {{ started }} →</a>
        <CbAct v-else small :tone="cell.act.danger ? 'danger' : ''" :run="() => acts.press(cell.act)" :data-act="cell.act.action">{{ cell.act.label }}</CbAct>
      </template>
    </template>
    <bdi v-else :class="{none: cell === null}">{{ text }}</bdi>
  `,
};

const bare = (cell) => (cell !== null && typeof cell === "object" ? cell.text : cell);

function compare(a, b) {
  const [x, y] = [bare(a), bare(b)];
  if (x == null || x === "") return y == null || y === "" ? 0 : 1;
  if (y == null || y === "") return -1;
  if (typeof x === "number" && typeof y === "number") return x - y;
  return String(x).localeCompare(String(y), "en", { numeric: true });
}

const CbSheet = {
  components: { CbCell },
  props: { block: Object, acts: Object },
  setup(props) {
    const by = ref(-1);
    const down = ref(false);
    const all = ref(false);
    const sorted = computed(() => {
      const rows = props.block.rows.map((cells, i) => ({ cells, i }));
      if (by.value < 0 || by.value >= props.block.columns.length) return rows;
      const blank = (row) => [null, undefined, ""].includes(bare(row.cells[by.value]));
      const turn = down.value ? -1 : 1;
      return rows.sort((a, b) => (blank(a) || blank(b) ? blank(a) - blank(b) : turn * compare(a.cells[by.value], b.cells[by.value])) || a.i - b.i);
    });
    const shown = computed(() => (all.value ? sorted.value : sorted.value.slice(0, FIRST)));
    const numeric = computed(() => props.block.columns.map((_, c) => {
      const cells = props.block.rows.map((row) => bare(row[c])).filter((v) => v != null && v !== "");
      return cells.length > 0 && cells.every((v) => typeof v === "number");
    }));
    function sort(column) {
      if (by.value !== column) [by.value, down.value] = [column, numeric.value[column]];
      else if (down.value === numeric.value[column]) down.value = !down.value;
      else by.value = -1;
    }
    const choose = (column) => ([by.value, down.value] = [column, numeric.value[column] ?? false]);
    const order = (column) => (by.value !== column ? "none" : down.value ? "descending" : "ascending");
    return { by, all, shown, numeric, sort, choose, order, FIRST, words };
  },
  template: `
    <div class="sheet">
      <div v-if="block.title || block.rows.length > 1" class="sheet-head">
        <h3 v-if="block.title"><bdi>{{ block.title }}</bdi></h3>
        <label v-if="block.rows.length > 1" class="sheet-sort">sort by
          <select :value="by" @change="choose(Number($event.target.value))">
            <option :value="-1">as shown</option>
            <option v-for="(c, i) in block.columns" :key="i" :value="i">{{ words.amount(c) || 'column ' + (i + 1) }}</option>
          </select>
        </label>
      </div>
      <div v-if="block.rows.length" class="sheet-scroll" tabindex="0" role="region" :aria-label="block.title || 'Table'">
        <table class="table">
          <thead>
            <tr>
              <th v-for="(c, i) in block.columns" :key="i" :class="{right: numeric[i]}" :aria-sort="order(i)" scope="col">
                <button v-if="c !== ''" type="button" class="sort" @click="sort(i)"><bdi>{{ words.amount(c) }}</bdi><i aria-hidden="true">{{ order(i) === 'ascending' ? '▴' : order(i) === 'descending' ? '▾' : '' }}</i></button>
                <span v-else class="sr">what can be done</span>
              </th>
            </tr>
          </thead>
          <tbody>
            <tr v-for="row in shown" :key="row.i">
              <td v-for="(cell, i) in row.cells" :key="i" :class="{right: numeric[i], num: numeric[i]}" :data-label="words.amount(block.columns[i])"><CbCell v-if="cell !== null || block.columns[i] !== ''" :cell="cell" :acts="acts"/></td>
            </tr>
          </tbody>
        </table>
      </div>
      <p v-else class="quiet sheet-none">No rows.</p>
      <p v-if="block.rows.length > FIRST || block.more" class="sheet-foot quiet">
        <button v-if="block.rows.length > FIRST" type="button" class="link" @click="all = !all">{{ all ? 'Show the first ' + FIRST : 'Show all ' + block.rows.length }}</button>
        <span v-if="block.more">{{ words.plural(block.more, 'more row was', 'more rows were') }} left out by the agent.</span>
      </p>
    </div>
  `,
};

const CbBars = {
  props: { block: Object },
  setup(props) {
    const bars = computed(() => [...props.block.bars].sort((a, b) => b[1] - a[1]));
    const most = computed(() => Math.max(0, ...props.block.bars.map((b) => b[1])));
    const width = (value) => `${most.value > 0 ? Math.max(value > 0 ? 0.8 : 0, (value / most.value) * 100) : 0}%`;
    return { bars, width, words };
  },
  template: `
    <div class="named-bars">
      <h3 v-if="block.title"><bdi>{{ block.title }}</bdi></h3>
      <dl>
        <template v-for="(b, i) in bars" :key="i">
          <dt :title="b[0]"><bdi>{{ b[0] }}</bdi></dt>
          <dd><span class="named-bar" aria-hidden="true"><i :style="{width: width(b[1])}"></i></span><span class="num">{{ words.amount(b[1]) }}<small v-if="block.unit">&nbsp;{{ block.unit }}</small></span></dd>
        </template>
      </dl>
    </div>
  `,
};

const CbWords = {
  components: { CbState: PARTS.CbState },
  props: { block: Object },
  setup: (props) => ({ tone: computed(() => (props.block.state ? `t-${words.stateOf(props.block.state).tone}` : "")) }),
  template: `<p class="said" :class="[tone, {toned: block.state}]"><CbState v-if="block.state" :word="block.state"/> <bdi>{{ block.text }}</bdi></p>`,
};

const KINDS = { figures: CbFigures, table: CbSheet, bars: CbBars, words: CbWords };

const CbSection = {
  components: { CbTrend, ...PARTS },
  props: { s: Object, acts: Object },
  setup: () => ({ KINDS }),
  template: `
    <section class="panel section" :id="'section-' + s.name" :data-section="s.name">
      <header>
        <h2><bdi>{{ s.title }}</bdi></h2>
        <span v-if="s.at != null" class="more">as of <CbAgo :at="s.at"/>, <a :href="'/tasks/' + s.task" class="quiet">run {{ s.run }}</a></span>
      </header>
      <div v-if="s.trends.length" class="trends"><CbTrend v-for="t in s.trends" :key="t.metric" :t="t"/></div>
      <template v-if="s.at != null">
        <component v-for="(b, i) in s.blocks" :key="i + b.kind" :is="KINDS[b.kind]" :block="b" :acts="acts"/>
        <CbEmpty v-if="!s.blocks.length" title="Nothing to show">The agent looked, and put nothing here.</CbEmpty>
      </template>
      <CbEmpty v-else title="Not filled yet">{{ s.empty }}</CbEmpty>
    </section>
  `,
};

// A dialog that names what a dangerous button would run, and asks.
const CbAsk = {
  props: { asked: Object, close: Function },
  setup(props) {
    const dialog = ref(null);
    nextTick(() => dialog.value?.showModal());
    return { dialog, words };
  },
  template: `
    <dialog ref="dialog" class="ask" aria-labelledby="ask-title" @cancel.prevent="close(false)" @click.self="close(false)">
      <h2 id="ask-title">{{ asked.label }}?</h2>
      <p>This runs <code>{{ asked.action }}</code><template v-if="Object.keys(asked.options).length"> with</template><template v-else>.</template></p>
      <dl v-if="Object.keys(asked.options).length" class="pairs">
        <template v-for="(value, name) in asked.options" :key="name"><dt>{{ name }}</dt><dd class="mono">{{ typeof value === 'string' ? value : JSON.stringify(value) }}</dd></template>
      </dl>
      <div class="ask-acts">
        <button type="button" class="button" autofocus @click="close(false)">Leave it</button>
        <button type="button" class="button danger" @click="close(true)">Run it</button>
      </div>
    </dialog>
  `,
};

export const CbSections = {
  components: { CbAsk, CbSection },
  props: { sections: Array },
  setup(props) {
    const asked = ref(null);
    const started = reactive({});
    const key = (act) => JSON.stringify([act.action, act.options]);
    // The link to a run stands in a button's place until its section is as new as that run.
    watch(() => props.sections, (now) => {
      for (const [name, run] of Object.entries(started)) if (now.some((s) => s.run >= run)) delete started[name];
    });
    let answer = () => {};
    function close(yes) {
      asked.value = null;
      answer(yes);
    }
    async function press(act) {
      if (act.danger) {
        const said = new Promise((resolve) => (answer = resolve));
        asked.value = act;
        if (!(await said)) return;
      }
      const done = await post(`/actions/${words.segment(act.action)}/run`, { options: act.options }, "", { "Idempotency-Key": newKey() });
      if (!done?.run) return;
      started[key(act)] = done.run;
      toast(`Run ${done.run} does ${act.action}`, "good", `/runs/${done.run}`);
    }
    return { asked, close, acts: { started, key, press } };
  },
  template: `
    <CbSection v-for="s in sections" :key="s.name" :s="s" :acts="acts"/>
    <CbAsk v-if="asked" :asked="asked" :close="close"/>
  `,
};
