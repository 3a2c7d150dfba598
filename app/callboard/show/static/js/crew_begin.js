// How a crew comes onto the page: two lines in its program, or an address and files that it has already.
import { ref } from "vue";
import { PARTS } from "callboard/parts.js";

// Lines to copy into a file or a terminal; nothing is carried out from here.
export const CbSnippet = {
  props: { text: String, label: String },
  setup(props) {
    const said = ref("");
    const shown = ref(null);
    async function copy() {
      try {
        await navigator.clipboard.writeText(props.text);
        said.value = "copied";
      } catch {
        getSelection().selectAllChildren(shown.value);
        said.value = "selected";
      }
      setTimeout(() => (said.value = ""), 2000);
    }
    return { said, shown, copy };
  },
  template: `<div class="snippet"><pre ref="shown" tabindex="0" :aria-label="label">{{ text }}</pre><button type="button" class="button small" :aria-label="'Copy: ' + label" @click="copy"><span aria-live="polite">{{ said || 'Copy' }}</span></button></div>`,
};

const OBSERVER = `import callboard_crew_observer
callboard_crew_observer.watch("journal")`;
const TABLE = `[crews.journal]
title = "Journal"
status = "http://127.0.0.1:6770/crew/status"   # asked with GET
socket = "ws://127.0.0.1:6770/ws/crew"         # only read
checkpoints = "var/checkpoints"
log = "logs/crew.json"`;

export const CbBegin = {
  components: { CbSnippet, ...PARTS },
  props: { address: String },
  setup: (props) => ({ OBSERVER, TABLE, ENV: `export CALLBOARD_CREW=${props.address}\nexport CALLBOARD_CREW_TOKEN=…` }),
  template: `
    <div class="begin">
      <section class="panel begin-way" aria-labelledby="h-observer">
        <header><h2 id="h-observer">Two lines in the crew's program</h2></header>
        <div class="begin-body">
          <p>Task by task, with times, retries and tokens. One file, nothing but the standard library; it never blocks the crew, and sends no prompt and no answer.</p>
          <ol>
            <li><p>The file, into the folder of the crew's program:</p><CbSnippet text="callboard crew observer --write path/to/the/crew" label="the command that writes the observer"/></li>
            <li><p>After the program's other imports:</p><CbSnippet :text="OBSERVER" label="the two lines of the observer"/></li>
            <li><p>A token that is good for this alone:</p><CbSnippet text="callboard crew token --new" label="the command that makes a token"/></li>
            <li><p>Where the crew runs; without the first it does nothing at all:</p><CbSnippet :text="ENV" label="the variables of the observer"/></li>
          </ol>
        </div>
      </section>
      <section class="panel begin-way" aria-labelledby="h-nothing">
        <header><h2 id="h-nothing">Nothing changed in the crew</h2></header>
        <div class="begin-body">
          <p>What it tells anyway is read: an address that gives its state, a socket, CrewAI's checkpoint files, its log. Each line is optional. In <code>callboard.toml</code>:</p>
          <CbSnippet :text="TABLE" label="the table of a crew"/>
          <p class="quiet">Is it traced with OpenTelemetry already? Its collector may send to Callboard, too: <code>POST {{ address }}/v1/traces</code>.</p>
        </div>
      </section>
    </div>
  `,
};
