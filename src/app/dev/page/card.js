// One protocol: the state of its socket, its events, and the boxes to publish, to subscribe and to copy code from.
import { EventList } from "./events.js";
import { LiveSocket } from "./live_socket.js";
import { LANGUAGES, commandOf, copy, snippetOf, urlOf } from "./snippets.js";

const SUBSCRIPTIONS_MAX = 20;
const STATES = { connecting: "Connecting", open: "Open", stopped: "Disconnected" };
let ids = 0;

export class Card {
  constructor(endpoint, page) {
    this.endpoint = endpoint;
    this.page = page;
    this.name = endpoint.name;
    this.state = "stopped";
    this.subscriptions = new Set();
    this.root = document.getElementById("card").content.cloneNode(true).firstElementChild;
    this.find = (selector) => this.root.querySelector(selector);
    this.root.id = `protocol-${endpoint.name}`;
    this.find(".name").textContent = endpoint.name;
    this.find(".path").textContent = endpoint.path;
    this.events = new EventList(this.root, `Events of ${endpoint.name}`);
    this.socket = new LiveSocket(() => this.target(), {
      state: (state, details) => this.onState(state, details),
      message: (text) => this.events.add(text, text === endpoint.ping ? "ping" : "event"),
    });
    this.find(".connection").onclick = () => (this.state === "stopped" ? this.start() : this.stop());
    this.setUpSelection();
    this.setUpPublish();
    this.setUpSubscribe();
    this.setUpCode();
    this.setUpTabs();
  }

  start() { this.socket.start(); }

  stop() { this.socket.stop(); }

  async target() {
    this.endpoint = await this.page.endpoint(this.name);
    const { auth, subprotocols } = this.endpoint;
    if (auth && !auth.token) throw new Error("A token of its issuer is needed");
    if (auth && !auth.places.some((place) => place.in === "query")) {
      throw new Error("A browser cannot send the token in a header: see the code for other clients");
    }
    this.showCode();
    return { url: urlOf(this.endpoint, this.selection()), subprotocols };
  }

  onState(state, details) {
    this.state = state;
    clearInterval(this.countdown);
    this.find(".state .dot").dataset.state = state;
    const show = () => {
      const seconds = Math.max(0, Math.ceil(((details?.until ?? 0) - Date.now()) / 1000));
      this.find(".state-text").textContent = STATES[state] ?? `${details.why}. Again in ${seconds} s`;
    };
    show();
    if (state === "waiting") this.countdown = setInterval(show, 250);
    if (state === "open") for (const channel of this.subscriptions) this.command("subscribe", channel);
    this.find(".connection").textContent = state === "stopped" ? "Connect" : "Disconnect";
    this.page.showTotal();
  }

  // --- which events, where the client's query selects them ---
  selection() { return this.endpoint.select ? this.find(".select-value").value.trim() : ""; }

  setUpSelection() {
    const { select } = this.endpoint;
    if (!select) return;
    const form = this.find(".select");
    form.hidden = false;
    this.find(".select-name").textContent = select.parameter;
    this.find(".select-value").value = select.known.join(",");
    form.onsubmit = (event) => {
      event.preventDefault();
      this.start();
    };
  }

  // --- publish ---
  setUpPublish() {
    const { samples } = this.endpoint;
    const list = this.find(".samples");
    samples.forEach(({ channel }, index) => list.append(new Option(channel, index)));
    this.find(".sample").hidden = samples.length < 2;
    const fill = () => {
      const sample = samples[Number(list.value)];
      if (!sample) return;
      this.find(".channel").value = sample.channel;
      this.find(".body").value = JSON.stringify(sample.data, null, 2);
    };
    list.onchange = fill;
    fill();
    const form = this.find(".publish");
    form.onsubmit = (event) => {
      event.preventDefault();
      this.publish(this.find(".channel").value, this.find(".body").value);
    };
    this.find(".body").onkeydown = (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    };
  }

  async publish(channel, json) {
    const result = this.find(".publish .result");
    try {
      JSON.parse(json);
    } catch (error) {
      return tell(result, `Not JSON: ${error.message}`, false);
    }
    try {
      const { text, isGood } = await this.page.publish(channel, json);
      tell(result, text, isGood);
    } catch {
      tell(result, "Not published: the gateway does not answer", false);
    }
  }

  // --- subscribe ---
  setUpSubscribe() {
    const { commands } = this.endpoint;
    if (!commands?.subscribe) return;
    const wanted = this.find(".wanted");
    const show = () => { this.find(".command").textContent = commandOf(commands, "subscribe", wanted.value); };
    wanted.value = commands.channel ?? "";
    wanted.oninput = show;
    show();
    this.find(".subscribe").onsubmit = (event) => {
      event.preventDefault();
      this.subscribe(wanted.value.trim());
    };
  }

  subscribe(channel) {
    const result = this.find(".subscribe .result");
    if (this.subscriptions.size >= SUBSCRIPTIONS_MAX) return tell(result, `At most ${SUBSCRIPTIONS_MAX} here`, false);
    if (!this.command("subscribe", channel)) return tell(result, "Not sent: not connected", false);
    this.subscriptions.add(channel);
    this.showSubscriptions();
    tell(result, "Sent", true);
  }

  unsubscribe(channel) {
    this.subscriptions.delete(channel);
    this.command("unsubscribe", channel);
    this.showSubscriptions();
    tell(this.find(".subscribe .result"), `Unsubscribed from ${channel}`, true);
    this.find(".wanted").focus();
  }

  command(name, channel) {
    const { commands } = this.endpoint;
    return commands[name] !== undefined && this.socket.send(commandOf(commands, name, channel));
  }

  showSubscriptions() {
    this.find(".subscriptions").replaceChildren(...[...this.subscriptions].map((channel) => {
      const item = document.createElement("li");
      const remove = document.createElement("button");
      remove.type = "button";
      remove.textContent = "×";
      remove.setAttribute("aria-label", `Unsubscribe from ${channel}`);
      remove.onclick = () => this.unsubscribe(channel);
      item.append(channel, remove);
      return item;
    }));
  }

  // --- code ---
  setUpCode() {
    const language = this.find(".language");
    for (const name of Object.keys(LANGUAGES)) language.append(new Option(name, name));
    language.onchange = () => this.showCode();
    this.find(".copy").onclick = async () => {
      const isCopied = await copy(this.find(".snippet").textContent);
      tell(this.find(".code .result"), isCopied ? "Copied" : "Select it and copy it by hand", isCopied);
    };
    this.find(".doc").hidden = !this.endpoint.docs;
    this.find(".doc-path").textContent = this.endpoint.docs ?? "";
    this.showCode();
  }

  showCode() {
    this.find(".snippet").textContent = snippetOf(this.find(".language").value, this.endpoint, this.selection());
  }

  // --- tabs, with the arrow keys as the ARIA practices have them ---
  setUpTabs() {
    const wanted = [["Publish", ".publish", this.endpoint.receives], ["Subscribe", ".subscribe", this.endpoint.commands?.subscribe],
      ["Code", ".code", true]].filter(([, , isThere]) => isThere);
    this.tabs = wanted.map(([label, selector]) => {
      const panel = this.find(selector);
      const tab = document.createElement("button");
      Object.assign(tab, { type: "button", textContent: label, id: `tab-${ids += 1}` });
      panel.id = `panel-${ids}`;
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", panel.id);
      panel.setAttribute("aria-labelledby", tab.id);
      tab.onclick = () => this.showTab(tab);
      return { tab, panel };
    });
    const bar = this.find(".tabs");
    bar.setAttribute("aria-label", this.name);
    bar.append(...this.tabs.map(({ tab }) => tab));
    bar.onkeydown = (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const at = this.tabs.findIndex(({ tab }) => tab === document.activeElement);
      const { tab } = this.tabs.at((at + step) % this.tabs.length);
      this.showTab(tab);
      tab.focus();
    };
    this.showTab(this.tabs[0].tab);
  }

  showTab(chosen) {
    for (const { tab, panel } of this.tabs) {
      tab.setAttribute("aria-selected", tab === chosen);
      tab.tabIndex = tab === chosen ? 0 : -1;
      panel.hidden = tab !== chosen;
    }
  }
}

function tell(output, text, isGood) {
  output.textContent = text;
  output.dataset.good = isGood;
}
