// Who is told outside of this board: channels, what became of each notice, a test, another try.
import { ref } from "vue";
import { act, get, toast } from "callboard/live.js";
import { PARTS } from "callboard/parts.js";
import * as words from "callboard/words.js";

const MOST = 8;
const TONES = { ready: "good", sent: "good", failing: "bad", failed: "bad", unset: "odd", off: "off", waiting: "wait" };
const WORDS = { unset: "no address", failing: "failing", ready: "ready", off: "off" };

export function useNotices(first) {
  const page = ref(first);
  const again = async () => (page.value = await get("/notices?limit=50"));
  async function test(channel) {
    const done = await act("/notices/test", { channel });
    if (done?.notice?.state === "sent") toast(`${channel} took it`, "good");
    else if (done) toast(`${channel} did not take it: ${done.notice.words}`);
    await again();
  }
  async function retry(id) {
    await act(`/notices/${id}/retry`);
    await again();
  }
  return { page, again, test, retry };
}

export const CbNotices = {
  components: PARTS,
  props: { page: Object, test: Function, retry: Function },
  setup() {
    const all = ref(false);
    return { all, MOST, TONES, WORDS, words };
  },
  template: `
    <section class="panel notices" aria-labelledby="set-notices" id="notices">
      <header><h2 id="set-notices">Who is told elsewhere</h2><span class="quiet">chat, mail, webhooks; for the team</span></header>
      <p v-if="page.why" class="setting warn">{{ page.why }}</p>
      <p v-if="page.how" class="setting quiet">{{ page.how }}</p>
      <ul v-if="page.channels.length" class="rows">
        <li v-for="c in page.channels" :key="c.name" :data-channel="c.name" :data-state="c.state">
          <div>
            <b>{{ c.name }}</b> <span class="tinted" :class="'t-' + TONES[c.state]">{{ WORDS[c.state] }}</span> <code>{{ c.where }}</code>
            <p v-if="c.why" class="warn">{{ c.why }}</p>
            <p class="quiet">{{ c.kinds.join(', ') }}; {{ c.level === 'critical' ? 'only critical' : c.level + ' or worse' }}<template v-if="c.quiet">; quiet {{ c.quiet }}</template>. {{ c.sent }} sent<template v-if="c.last">, the last <CbAgo :at="c.last"/></template><template v-if="c.waiting">, {{ c.waiting }} waiting</template><template v-if="c.failed">, {{ c.failed }} given up</template></p>
          </div>
          <CbAct small :data-act="'notices.test.' + c.name" :run="() => test(c.name)">Send a test</CbAct>
        </li>
      </ul>
      <template v-if="page.channels.length || page.notices.length">
        <header><h3>Delivered lately</h3></header>
        <p v-if="!page.notices.length" class="setting quiet">Nothing was told yet. Send a test to see whether a channel works.</p>
        <ol v-else class="rows delivered">
          <li v-for="n in all ? page.notices : page.notices.slice(0, MOST)" :key="n.id" :data-notice="n.id" :data-state="n.state">
            <div><span class="tinted" :class="'t-' + TONES[n.state]">{{ n.state === 'failed' ? 'given up' : n.state }}</span> <a :href="n.link || null">{{ n.title }}</a>
              <p class="quiet">{{ n.channel }}<template v-if="n.tries > 1"> · {{ n.tries }} tries</template><template v-if="n.words"> · {{ n.words }}</template><template v-if="n.state === 'waiting'"> · due {{ words.moment(n.due) }}</template></p></div>
            <span class="notice-end"><CbAct v-if="n.state === 'failed'" small :data-act="'notices.retry.' + n.id" :run="() => retry(n.id)">Try again</CbAct><CbAgo :at="n.made"/></span>
          </li>
        </ol>
        <button v-if="page.notices.length > MOST" type="button" class="link setting" @click="all = !all">{{ all ? 'fewer' : 'all ' + page.notices.length }}</button>
      </template>
      <CbCommand text="callboard notices"/>
    </section>
  `,
};
