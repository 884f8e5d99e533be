// A WebSocket that is opened again when it closes, with the back-off that the README tells clients to use.
const DELAY_MIN_MS = 1000;
const DELAY_MAX_MS = 30_000;

export class LiveSocket {
  // `target()` resolves to { url, subprotocols } for each attempt, or rejects with an Error whose message is shown.
  // `on` has state(state, details) and message(text). The states: connecting, open, waiting, stopped.
  constructor(target, on) {
    this.target = target;
    this.on = on;
    this.delay = DELAY_MIN_MS;
    this.attempt = 0; // an answer to an earlier attempt is ignored
  }

  async start() {
    this.cancel();
    const attempt = this.attempt;
    this.on.state("connecting");
    try {
      const { url, subprotocols } = await this.target();
      if (attempt === this.attempt) this.open(url, subprotocols, attempt);
    } catch (error) {
      if (attempt === this.attempt) this.retry(error.message);
    }
  }

  open(url, subprotocols, attempt) {
    const socket = subprotocols.length > 0 ? new WebSocket(url, subprotocols) : new WebSocket(url);
    const isCurrent = () => attempt === this.attempt;
    let wasOpen = false;
    this.socket = socket;
    socket.onopen = () => {
      if (!isCurrent()) return;
      wasOpen = true;
      this.delay = DELAY_MIN_MS;
      this.on.state("open");
    };
    socket.onmessage = ({ data }) => {
      if (isCurrent()) this.on.message(typeof data === "string" ? data : `(${data.size} bytes of binary data)`);
    };
    socket.onclose = ({ code, reason }) => {
      if (isCurrent()) this.retry(closeText(code, reason, wasOpen));
    };
  }

  retry(why) {
    this.attempt += 1;
    this.socket = undefined;
    const delay = this.delay * (0.5 + Math.random() / 2);
    this.delay = Math.min(this.delay * 2, DELAY_MAX_MS);
    this.timer = setTimeout(() => this.start(), delay);
    this.on.state("waiting", { why, until: Date.now() + delay });
  }

  stop() {
    this.cancel();
    this.delay = DELAY_MIN_MS;
    this.on.state("stopped");
  }

  cancel() {
    this.attempt += 1;
    clearTimeout(this.timer);
    this.socket?.close(1000);
    this.socket = undefined;
  }

  // Whether the text was sent.
  send(text) {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(text);
    return true;
  }
}

// A browser tells a script nothing of a refused upgrade, and reports it as 1006.
function closeText(code, reason, wasOpen) {
  if (!wasOpen) return "Refused: the gateway's log has the status and the reason";
  if (code === 1006) return "Lost: 1006, without a close frame";
  return `Closed: ${code}${reason ? ` ${reason}` : ""}`;
}
