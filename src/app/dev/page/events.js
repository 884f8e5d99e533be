// The list of a protocol's events. Everything that a peer sent becomes text nodes, so that it cannot become markup.
const KEPT_MAX = 200;
const LINE_CHARACTERS_MAX = 400;
const WHOLE_CHARACTERS_MAX = 20_000;
const TOKENS = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/g;

export class EventList {
  constructor(card, label) {
    this.list = card.querySelector(".events");
    this.list.setAttribute("aria-label", label);
    this.empty = card.querySelector(".empty");
    this.count = card.querySelector(".count");
    this.paused = card.querySelector(".paused");
    this.total = 0;
    this.held = []; // while the pointer selects
    this.isPressed = false;
    card.querySelector(".clear").onclick = () => this.clear();
    this.list.addEventListener("pointerdown", () => { this.isPressed = true; });
    for (const name of ["pointerup", "pointercancel"]) {
      addEventListener(name, () => { this.isPressed = false; this.release(); });
    }
    document.addEventListener("selectionchange", () => this.release());
    this.showCount();
  }

  isSelecting() {
    const selection = getSelection();
    return this.isPressed || (!selection.isCollapsed && this.list.contains(selection.anchorNode));
  }

  add(text, kind) {
    if (kind === "event") this.total += 1;
    this.held.push({ text, kind, at: new Date() });
    if (this.held.length > KEPT_MAX) this.held.shift();
    this.release();
  }

  // Shows what was held, unless the pointer still selects.
  release() {
    const isPaused = this.isSelecting() && this.held.length > 0;
    this.paused.hidden = !isPaused;
    this.paused.textContent = isPaused ? `Paused while you select, ${this.held.length} waiting` : "";
    if (isPaused || this.held.length === 0) return;
    const { list } = this;
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    list.append(...this.held.splice(0).map(rowOf));
    while (list.childElementCount > KEPT_MAX) list.firstElementChild.remove();
    if (isAtEnd) list.scrollTop = list.scrollHeight;
    this.showCount();
  }

  clear() {
    this.list.replaceChildren();
    this.held = [];
    this.total = 0;
    this.showCount();
  }

  showCount() {
    this.empty.hidden = this.list.childElementCount > 0;
    const kept = this.total > KEPT_MAX ? `, the last ${KEPT_MAX} kept` : "";
    this.count.textContent = `${this.total} ${this.total === 1 ? "event" : "events"}${kept}`;
  }
}

function rowOf({ text, kind, at }) {
  const row = document.createElement("li");
  const details = document.createElement("details");
  const line = document.createElement("summary");
  const time = document.createElement("time");
  time.textContent = at.toTimeString().slice(0, 8);
  time.dateTime = at.toISOString();
  line.title = "Show the whole message";
  const brief = document.createElement("span");
  brief.className = "brief";
  brief.append(...coloured(shortened(text, LINE_CHARACTERS_MAX)));
  line.append(time, brief);
  details.append(line);
  // Made only when it is looked at: most rows never are.
  details.addEventListener("toggle", () => {
    if (details.childElementCount > 1) return;
    const whole = document.createElement("pre");
    whole.append(...coloured(shortened(indented(text), WHOLE_CHARACTERS_MAX)));
    details.append(whole);
  });
  row.dataset.kind = kind;
  row.append(details);
  return row;
}

function shortened(text, longest) {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// Text nodes, and spans with a text node, for the parts of a JSON text.
function coloured(text) {
  const parts = [];
  let at = 0;
  for (const match of text.matchAll(TOKENS)) {
    const [, string, colon] = match;
    const token = string ?? match[3];
    parts.push(text.slice(at, match.index));
    const span = document.createElement("span");
    span.className = string === undefined ? "literal" : colon === undefined ? "string" : "key";
    span.textContent = token;
    parts.push(span);
    at = match.index + token.length;
  }
  parts.push(text.slice(at));
  return parts.filter((part) => part !== "");
}
