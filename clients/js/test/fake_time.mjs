// Virtual time: setTimeout, performance.now and Math.random of the module under test.
const { setImmediate: realImmediate, setTimeout, clearTimeout } = globalThis;
const [performanceNow, random] = [performance.now, Math.random];

// Lets every promise that can settle without time do so.
export async function settle() {
  for (let n = 0; n < 4; n += 1) await new Promise((resolve) => realImmediate(resolve));
}

export class FakeTime {
  now = 1000;
  random = 0.5;
  timers = new Map();
  #id = 0;

  constructor(t) {
    globalThis.setTimeout = (callback, ms = 0) => {
      this.timers.set((this.#id += 1), { at: this.now + ms, callback });
      return this.#id;
    };
    globalThis.clearTimeout = (id) => this.timers.delete(id);
    performance.now = () => this.now;
    Math.random = () => this.random;
    t.after(() => {
      Object.assign(globalThis, { setTimeout, clearTimeout });
      performance.now = performanceNow;
      Math.random = random;
    });
  }

  async pass(ms) {
    const end = this.now + ms;
    await settle();
    for (;;) {
      const [next] = [...this.timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
      if (!next) break;
      this.timers.delete(next[0]);
      this.now = Math.max(this.now, next[1].at);
      next[1].callback();
      await settle();
    }
    this.now = end;
  }
}
