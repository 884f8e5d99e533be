// What is written from an endpoint's description: its URL, its commands, and a client in each language.
const BACK_OFF = "// 1 s, 2 s, 4 s … at most 30 s, a random half to the whole of it";

// Copies a text. Resolves to whether the browser has let us.
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

const placeOf = (auth, kind) => auth?.places.find((place) => place.in === kind);

// The ws:// URL with the token, where it may be in the query, and what the client selects.
export function urlOf(endpoint, selection = "") {
  const url = new URL(endpoint.path, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const parameters = [];
  // A comma needs no escape in a query, and a list is read more easily without.
  if (selection) parameters.push([endpoint.select.parameter, encodeURIComponent(selection).replaceAll("%2C", ",")]);
  const place = placeOf(endpoint.auth, "query");
  if (place && endpoint.auth.token) parameters.push([place.name, encodeURIComponent(endpoint.auth.token)]);
  url.search = parameters.map(([name, value]) => `${encodeURIComponent(name)}=${value}`).join("&");
  return url.href;
}

// [name, value] of the header with the token, where the query cannot have it.
function headerOf({ auth }) {
  if (!auth || placeOf(auth, "query")) return undefined;
  const token = auth.token ?? "YOUR_TOKEN";
  const place = auth.places[0];
  return place?.in === "header" ? [place.name, token] : ["Authorization", `Bearer ${token}`];
}

const EXAMPLES = { object: () => ({}), array: () => [], string: () => "", number: () => 0, boolean: () => true };

// Puts the value where an RFC 6901 pointer points, in objects that are made on the way.
function put(root, pointer, value) {
  const names = pointer.split("/").slice(1).map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = names.pop();
  let at = root;
  for (const name of names) at = at[name] ??= {};
  if (last !== undefined) at[last] = value;
}

// The message of a command, as the protocol's pointers have it.
export function commandOf(commands, name, channel) {
  const message = {};
  for (const { pointer, type } of commands.require) {
    if (pointer !== "") put(message, pointer, (EXAMPLES[type] ?? (() => null))());
  }
  put(message, commands.name, commands[name].is);
  put(message, commands[name].channel, channel);
  return JSON.stringify(message);
}

const q = JSON.stringify; // a string literal in every one of these languages but a shell
const sh = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const lines = (...parts) => parts.flat().filter((part) => part !== undefined).join("\n");

function node({ url, header, subprotocols, command }) {
  const options = header ? `, { headers: { ${q(header[0])}: ${q(header[1])} } }` : "";
  const protocols = subprotocols.length > 0 ? `, ${q(subprotocols)}` : header ? ", []" : "";
  return lines('import WebSocket from "ws";   // npm install ws', "", `const url = ${q(url)};`, "let delay = 1000;", "",
    "function connect() {", `  const socket = new WebSocket(url${protocols}${options});`,
    `  socket.on("open", () => {`, "    delay = 1000;", command && `    socket.send(${q(command)});`, "  });",
    '  socket.on("message", (data) => console.log(String(data)));', '  socket.on("error", (error) => console.error(error.message));',
    '  socket.on("close", () => {', `    ${BACK_OFF}`, "    setTimeout(connect, delay * (0.5 + Math.random() / 2));",
    "    delay = Math.min(delay * 2, 30_000);", "  });", "}", "", "connect();");
}

function browser({ url, header, subprotocols, command }) {
  if (header) return "// A browser cannot send a header with a WebSocket, and this protocol takes its token from one.";
  const protocols = subprotocols.length > 0 ? `, ${q(subprotocols)}` : "";
  return lines(`const url = ${q(url)};`, "let delay = 1000;", "", "function connect() {",
    `  const socket = new WebSocket(url${protocols});`, "  socket.onopen = () => {", "    delay = 1000;",
    command && `    socket.send(${q(command)});`, "  };", "  socket.onmessage = ({ data }) => console.log(JSON.parse(data));",
    "  socket.onclose = () => {", `    ${BACK_OFF}`, "    setTimeout(connect, delay * (0.5 + Math.random() / 2));",
    "    delay = Math.min(delay * 2, 30_000);", "  };", "}", "", "connect();");
}

function python({ url, header, subprotocols, command }) {
  const more = [header && `additional_headers={${q(header[0])}: ${q(header[1])}}`,
    subprotocols.length > 0 ? `subprotocols=${q(subprotocols)}` : undefined].filter(Boolean).map((part) => `, ${part}`).join("");
  return lines("import asyncio", "import random", "", "import websockets  # pip install websockets", "", `URL = ${q(url)}`, "", "",
    "async def listen():", "    delay = 1", "    while True:", "        try:",
    header && "            # extra_headers, for a version of websockets before 14", `            async with websockets.connect(URL${more}) as socket:`,
    "                delay = 1", command && `                await socket.send(${q(command)})`,
    "                async for message in socket:", "                    print(message, flush=True)",
    "        except (OSError, websockets.WebSocketException) as error:", '            print("lost:", error, flush=True)',
    `        ${BACK_OFF.replace("//", "#")}`, "        await asyncio.sleep(delay * random.uniform(0.5, 1))",
    "        delay = min(delay * 2, 30)", "", "", "asyncio.run(listen())");
}

function go({ url, header, subprotocols, command }) {
  const fields = [header && `HTTPHeader: http.Header{${q(header[0])}: {${q(header[1])}}}`,
    subprotocols.length > 0 ? `Subprotocols: []string{${subprotocols.map(q).join(", ")}}` : undefined].filter(Boolean).join(", ");
  return lines("package main", "", "import (", '\t"context"', '\t"fmt"', '\t"log"', '\t"math/rand"', header && '\t"net/http"', '\t"time"', "",
    '\t"github.com/coder/websocket" // go get github.com/coder/websocket', ")", "", `const url = ${q(url)}`, "", "var delay = time.Second", "",
    "func main() {", "\tfor {", "\t\tlog.Println(listen(context.Background()))", `\t\t${BACK_OFF}`,
    "\t\ttime.Sleep(time.Duration(float64(delay) * (0.5 + rand.Float64()/2)))", "\t\tif delay *= 2; delay > 30*time.Second {",
    "\t\t\tdelay = 30 * time.Second", "\t\t}", "\t}", "}", "", "func listen(ctx context.Context) error {",
    `\tsocket, _, err := websocket.Dial(ctx, url, ${fields ? `&websocket.DialOptions{${fields}}` : "nil"})`,
    "\tif err != nil {", "\t\treturn err", "\t}", "\tdefer socket.CloseNow()", "\tsocket.SetReadLimit(1 << 20) // the library's own is 32 KiB",
    "\tdelay = time.Second",
    command && [`\tif err := socket.Write(ctx, websocket.MessageText, []byte(${q(command)})); err != nil {`, "\t\treturn err", "\t}"],
    "\tfor {", "\t\t_, data, err := socket.Read(ctx)", "\t\tif err != nil {", "\t\t\treturn err", "\t\t}", "\t\tfmt.Println(string(data))", "\t}", "}");
}

function java({ url, header, subprotocols, command }) {
  const indent = "            ";
  return lines("// java Listener.java (11 or newer)", "import java.net.URI;", "import java.net.http.HttpClient;", "import java.net.http.WebSocket;",
    "import java.util.concurrent.CompletableFuture;", "import java.util.concurrent.CompletionStage;", "",
    "public class Listener implements WebSocket.Listener {", "  final CompletableFuture<String> ended = new CompletableFuture<>();",
    "  final StringBuilder frame = new StringBuilder();", "", "  public static void main(String[] arguments) throws InterruptedException {",
    "    HttpClient http = HttpClient.newHttpClient();", "    long delay = 1000;", "    while (true) {", "      try {",
    "        Listener listener = new Listener();", "        WebSocket socket = http.newWebSocketBuilder()",
    header && `${indent}.header(${q(header[0])}, ${q(header[1])})`,
    subprotocols.length > 0 ? `${indent}.subprotocols(${subprotocols.map(q).join(", ")})` : undefined,
    `${indent}.buildAsync(URI.create(${q(url)}), listener)`, `${indent}.join();`, "        delay = 1000;",
    command && `        socket.sendText(${q(command)}, true);`, '        System.err.println("closed: " + listener.ended.join());',
    "      } catch (Exception error) {", '        System.err.println("lost: " + error);', "      }", `      ${BACK_OFF}`,
    "      Thread.sleep((long) (delay * (0.5 + Math.random() / 2)));", "      delay = Math.min(delay * 2, 30_000);", "    }", "  }", "",
    "  @Override public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {", "    frame.append(part);",
    "    if (last) {", "      System.out.println(frame);", "      frame.setLength(0);", "    }", "    socket.request(1);", "    return null;", "  }", "",
    "  @Override public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {", '    ended.complete(code + " " + reason);',
    "    return null;", "  }", "", "  @Override public void onError(WebSocket socket, Throwable error) {", "    ended.complete(error.toString());", "  }", "}");
}

function curl({ url, header, sample }) {
  const http = url.replace(/^ws/, "http");
  const publish = sample && ["", "# Publishes an event; the API key is on the screen of `carillon dev`.",
    `curl -sS ${location.origin}/v1/publish \\`, '  -H "Authorization: Bearer $CARILLON_API_KEY" \\', "  -H 'Content-Type: application/json' \\",
    `  -d ${sh(JSON.stringify(sample))}`];
  return lines("# Shows the answer to the upgrade, and then the frames as they are on the wire.", "curl -sSiN --http1.1 -o - \\",
    "  -H 'Connection: Upgrade' -H 'Upgrade: websocket' \\", "  -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: Y2FyaWxsb24gcm9ja3MhIQ==' \\",
    header && `  -H ${sh(`${header[0]}: ${header[1]}`)} \\`, `  ${sh(http)}`, publish);
}

export const LANGUAGES = { Browser: browser, Node: node, Python: python, Go: go, Java: java, curl };

// A whole client that reconnects, with the real URL and token in it.
export function snippetOf(language, endpoint, selection) {
  const { commands } = endpoint;
  return LANGUAGES[language]({
    url: urlOf(endpoint, selection),
    header: headerOf(endpoint),
    subprotocols: endpoint.subprotocols,
    command: commands?.subscribe && commands.channel ? commandOf(commands, "subscribe", commands.channel) : undefined,
    sample: endpoint.samples[0],
  });
}
