// The page of `carillon dev`: a card for each protocol of the gateway, as GET /dev/state describes them.
import { Card } from "./card.js";
import { copy } from "./snippets.js";

const element = (id) => document.getElementById(id);
const STATE_AGE_MS = 400; // sockets that reconnect together share one request

const page = {
  cards: [],
  nonce: "",
  fetched: { at: -Infinity, state: undefined },

  // The newest state of the gateway. Rejects when it does not answer.
  fetchState() {
    const { fetched } = this;
    if (performance.now() - fetched.at > STATE_AGE_MS) {
      fetched.at = performance.now();
      fetched.state = this.load();
    }
    return fetched.state;
  },

  async load() {
    const answer = await fetch("/dev/state").catch(() => { throw new Error("The gateway does not answer"); });
    if (!answer.ok) throw new Error(`The gateway refuses this page: ${(await answer.json()).message}`);
    const state = await answer.json();
    this.nonce = state.nonce;
    return state;
  },

  // What the card with this name connects to. A gateway that serves other protocols now gets a new page.
  async endpoint(name) {
    const state = await this.fetchState();
    const names = state.endpoints.map((each) => each.name).join();
    const found = state.endpoints.find((each) => each.name === name);
    if (!found || names !== this.cards.map((card) => card.name).join()) {
      location.reload();
      throw new Error("The gateway serves other protocols now");
    }
    return found;
  },

  // Resolves to a sentence and whether it is good news. The nonce changes when the gateway starts anew.
  async publish(channel, json) {
    const began = performance.now();
    let answer = await this.post(channel, json);
    if (answer.status === 403) {
      await this.load();
      answer = await this.post(channel, json);
    }
    const { message, unrouted, requirement_failed: failed, not_selectable: unselectable } = await answer.json();
    if (!answer.ok) return { text: message, isGood: false };
    if (unrouted) return { text: `Published, but no protocol of this gateway carries ${unrouted.join(", ")}`, isGood: false };
    if (failed) return { text: "Published, but no client gets it: a member is missing or has another type (source.require)", isGood: false };
    if (unselectable) return { text: "Published, but no client gets it: clients cannot select its value (select.known)", isGood: false };
    return { text: `Published in ${(performance.now() - began).toFixed(0)} ms`, isGood: true };
  },

  post(channel, json) {
    return fetch("/dev/publish", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Carillon-Nonce": this.nonce },
      body: `{"channel":${JSON.stringify(channel)},"data":${json}}`,
    });
  },

  showTotal() {
    const states = this.cards.map((card) => card.state);
    const open = states.filter((state) => state === "open").length;
    element("total").textContent = `${open} of ${states.length} connected`;
    element("total-dot").dataset.state = open === states.length ? "open" : states.includes("waiting") ? "waiting" : "connecting";
    document.title = open === states.length ? "Carillon" : `(${open}/${states.length}) Carillon`;
  },

  show(state) {
    element("version").textContent = state.version;
    element("bus").textContent = state.bus === "memory:" ? "in-process bus" : state.bus;
    if (state.docs) {
      element("docs-path").textContent = state.docs;
      element("docs-copy").onclick = () => copy(state.docs);
      element("docs").hidden = false;
    }
    this.cards = state.endpoints.map((endpoint) => new Card(endpoint, this));
    element("protocols").replaceChildren(...this.cards.map((card) => card.root));
    for (const card of this.cards) card.start();
  },

  async begin() {
    try {
      this.show(await this.fetchState());
    } catch (error) {
      const notice = document.createElement("p");
      notice.className = "notice";
      notice.textContent = `${error.message}. Trying again.`;
      element("protocols").replaceChildren(notice);
      setTimeout(() => this.begin(), 2000);
    }
  },
};

page.begin();
