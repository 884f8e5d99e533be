// A client on virtual time with a gateway in memory, and what the application was told.
import { Carillon } from "../carillon.js";
import { FakeGateway } from "./fake_gateway.mjs";
import { FakeTime } from "./fake_time.mjs";

export class Stage {
  events = [];
  gaps = [];
  errors = [];
  states = [];
  recovered = [];

  constructor(t, options = {}) {
    this.time = new FakeTime(t);
    this.gateway = new FakeGateway();
    const { WebSocket, fetch } = this.gateway;
    this.client = new Carillon("wss://gateway.test/v1/connect?tenant=7", { WebSocket, fetch, ...options });
    this.client.on("state", (state) => this.states.push(state));
    this.client.on("gap", (gap) => this.gaps.push(gap));
    this.client.on("error", (error) => this.errors.push(error));
    t.after(() => this.client.close());
  }

  subscribe(channel, options = {}) {
    return this.client.subscribe(channel, ({ data }) => this.events.push(data), {
      onRecovered: (each) => this.recovered.push(each), ...options,
    });
  }

  // Subscribes and waits until that is done.
  async open(...channels) {
    const subscriptions = channels.map((channel) => this.subscribe(channel));
    await this.time.pass(0);
    this.gateway.received.length = 0;
    return subscriptions;
  }

  // Cuts the connection and waits for the next one.
  async reconnect(between = () => {}) {
    this.gateway.cut();
    between();
    await this.time.pass(10_000);
  }

  names() {
    return this.states.map(({ name }) => name);
  }
}
