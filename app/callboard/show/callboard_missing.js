import { CbFrame, useTitle } from "callboard/frame.js";
import { PARTS } from "callboard/parts.js";
import { link } from "callboard/live.js";

export default {
  components: { CbFrame, ...PARTS },
  props: ["first", "meta"],
  setup(props) {
    const data = JSON.parse(props.first);
    link.state = "live";
    useTitle(() => `${data.title} – Callboard`);
    return { data, frame: JSON.parse(props.meta) };
  },
  template: `
    <CbFrame :meta="frame" :here="frame.here">
      <h1 class="sr">{{ data.title }}</h1>
      <section class="panel">
        <CbEmpty :title="data.title">{{ data.text }} <br>
          <br>
          <a class="button" href="/">To the board</a> <a class="button" href="/runs">All runs</a>
        </CbEmpty>
      </section>
    </CbFrame>
  `,
};
