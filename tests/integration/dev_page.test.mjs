// The web page of `carillon dev`, in Chromium and over HTTP.
import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";

import { BUILT_IN, PROFILES, api, launchBrowser, openDevPage, startCarillon, startDev, startProcess, temporaryFolder, until, within } from "./harness.mjs";
import { runGo, runJava, runNode, runPython } from "./harness/snippets.mjs";

const JSON_TYPE = { "Content-Type": "application/json" };

// What the page's scripts get.
const stateOf = async (dev) => (await api(dev, "GET", "/dev/state")).json;

test("the page over HTTP", async (t) => {
  const dev = await startDev(t);

  await t.test("is named on the screen", () => assert.match(dev.screen, new RegExp(`^Open http://127\\.0\\.0\\.1:${dev.port}/ in a browser `, "m")));

  await t.test("is refused under a name that is not this machine's", async () => {
    for (const target of ["/", "/dev/state", "/dev/page.js"]) {
      const answer = await api(dev, "GET", target, { headers: { Host: "rebound.example" } });
      assert.equal(answer.status, 403);
      assert.match(answer.json.message, /^open this page as localhost/);
    }
  });

  await t.test("has neither the API key nor, in its files, the nonce", async () => {
    const { nonce, ...state } = await stateOf(dev);
    assert.match(nonce, /^[0-9a-f]{32}$/);
    assert.ok(!JSON.stringify(state).includes(dev.apiKey));
    for (const target of ["/", "/dev/page.js", "/dev/card.js", "/dev/events.js", "/dev/live_socket.js", "/dev/snippets.js", "/dev/page.css"]) {
      const { status, text, headers } = await api(dev, "GET", target);
      assert.equal(status, 200, target);
      assert.ok(!text.includes(dev.apiKey) && !text.includes(nonce), target);
      assert.match(headers["content-security-policy"], /^default-src 'none'; /);
    }
  });

  await t.test("publishes with the nonce, and not without", async () => {
    const body = '{"channel":"orion.a","data":1}';
    assert.equal((await api(dev, "POST", "/dev/publish", { headers: JSON_TYPE, body })).status, 403);
    const headers = { ...JSON_TYPE, "X-Carillon-Nonce": (await stateOf(dev)).nonce };
    const answer = await api(dev, "POST", "/dev/publish", { headers, body });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.json, { published: 1 });
  });

  await t.test("publishes no more than the publish API would", async () => {
    const headers = { ...JSON_TYPE, "X-Carillon-Nonce": (await stateOf(dev)).nonce };
    assert.equal((await api(dev, "POST", "/dev/publish", { headers, body: "{" })).status, 400);
    assert.equal((await api(dev, "POST", "/dev/publish", { headers, body: `{"channel":"orion.a","data":"${"x".repeat(70_000)}"}` })).status, 413);
  });
});

test("carillon serve has no page", async (t) => {
  const gateway = await startCarillon(t);
  for (const target of ["/", "/dev/state", "/dev/page.js"]) assert.equal((await api(gateway, "GET", target)).status, 404, target);
});

test("the page in Chromium", async (t) => {
  const browser = await launchBrowser(t);
  const dev = await startDev(t);

  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 360]) {
      await t.test(`shows the live events of every protocol, ${colorScheme}, ${width} pixels wide`, async (t2) => {
        const page = await openDevPage(t2, browser, dev, { colorScheme, width });
        assert.deepEqual((await page.names()).sort(), [...BUILT_IN].sort());
        for (const protocol of PROFILES) {
          await page.waitForState(protocol, /^Open$/);
          await until(`events of ${protocol}`, async () => (await page.events(protocol)).length >= 3);
        }
        // Carillon's own has events once the sample's channel is subscribed to.
        await page.tab("carillon", "Subscribe");
        await page.of("carillon", '.subscribe button[type="submit"]').click();
        await page.waitForEvent("carillon", '{"channel":"orders.42","data":{');
        assert.equal(await page.overflow(), 0, "nothing is wider than the window");
        await page.of("service", ".events summary").first().click();
        await page.tab("fluxora", "Code");
        await page.tab("service", "Subscribe");
        assert.equal(await page.overflow(), 0, "nothing is wider than the window with every tab open");
        await page.screenshot("page");
        assert.deepEqual(page.errors, []);
        const strangers = page.requests.filter((url) => new URL(url).host !== `127.0.0.1:${dev.port}`);
        assert.deepEqual(strangers, [], "nothing is requested from elsewhere");
      });
    }
  }

  // Regression: nothing showed that a click opens an event, whose line is cut.
  await t.test("an event has a sign that it opens, and opens by keyboard", async (t2) => {
    const page = await openDevPage(t2, browser, dev);
    await until("an event", async () => (await page.events("orion")).length >= 1);
    const line = page.of("orion", ".events summary").first();
    const sign = () => line.evaluate((summary) => getComputedStyle(summary, "::before").content);
    const closed = await sign();
    assert.match(closed, /^"."/);
    await page.of("orion", ".events").focus();
    await page.page.keyboard.press("Tab");
    const details = await page.page.evaluateHandle(() => document.activeElement.parentElement);
    assert.equal(await details.evaluate((each) => [each.tagName, each.open].join()), "DETAILS,false");
    await page.page.keyboard.press("Enter");
    await until("the whole message", () => details.evaluate((each) => each.open && each.querySelector("pre") !== null));
    assert.notEqual(await details.evaluate((each) => getComputedStyle(each.firstChild, "::before").content), closed);
    assert.deepEqual(page.errors, []);
  });

  await t.test("publishes what is in the box, as text and never as markup", async (t2) => {
    const page = await openDevPage(t2, browser, dev, { host: "localhost" });
    await page.waitForState("orion", /^Open$/);
    await page.of("orion", ".channel").fill("orion.from.page");
    await page.of("orion", ".body").fill('{"title":"<img src=x onerror=alert(1)>"}');
    await page.of("orion", '.publish button[type="submit"]').click();
    await page.waitForEvent("orion", '"payload":{"title":"<img src=x onerror=alert(1)>"}');
    await until("the answer", async () => /^Published in \d+ ms$/.test(await page.of("orion", ".publish .result").textContent()));
    assert.equal(await page.of("orion", ".events img").count(), 0);
    assert.deepEqual(page.errors, []);
  });

  await t.test("says what is wrong with an event before and after it is sent", async (t2) => {
    const page = await openDevPage(t2, browser, dev);
    const says = (pattern) => until(pattern, async () => pattern.test(await page.of("orion", ".publish .result").textContent()));
    const publish = async (channel, body) => {
      await page.of("orion", ".channel").fill(channel);
      await page.of("orion", ".body").fill(body);
      await page.of("orion", ".body").press("Control+Enter");
    };
    await publish("orion.a", '{"a":');
    await says(/^Not JSON: /);
    await publish("orion.a", "1");
    await says(/^Published in \d+ ms$/);
  });

  await t.test("subscribes by the command of the protocol", async (t2) => {
    const page = await openDevPage(t2, browser, dev);
    await page.waitForState("service", /^Open$/);
    await page.tab("service", "Subscribe");
    await page.of("service", ".wanted").fill("room:7");
    assert.equal(await page.of("service", ".command").textContent(), '{"type":"subscribe","data":{"channel":"room:7"}}');
    await page.of("service", '.subscribe button[type="submit"]').click();
    await page.of("service", ".subscriptions li").waitFor();
    await page.tab("service", "Publish");
    await page.of("service", ".channel").fill("service.channel.room:7");
    await page.of("service", ".body").fill('{"type":"hello","data":{"n":77}}');
    await until("the event of the channel", async () => {
      await page.of("service", '.publish button[type="submit"]').click();
      return (await page.events("service")).some((each) => each.includes('"n":77'));
    }, { everyMs: 200 });
    assert.deepEqual(page.errors, []);
  });

  await t.test("subscribes and publishes in Carillon's own protocol", async (t2) => {
    const page = await openDevPage(t2, browser, dev);
    await page.waitForState("carillon", /^Open$/);
    await page.waitForEvent("carillon", '{"type":"welcome",');
    await page.tab("carillon", "Subscribe");
    await page.of("carillon", ".wanted").fill("rooms.7");
    assert.equal(await page.of("carillon", ".command").textContent(), '{"type":"subscribe","channel":"rooms.7"}');
    await page.of("carillon", '.subscribe button[type="submit"]').click();
    await page.waitForEvent("carillon", '{"type":"subscribed","id":null,"channel":"rooms.7",');
    await page.tab("carillon", "Publish");
    await page.of("carillon", ".channel").fill("rooms.7");
    await page.of("carillon", ".body").fill('{"n":77}');
    await page.of("carillon", '.publish button[type="submit"]').click();
    await page.waitForEvent("carillon", '{"channel":"rooms.7","data":{"n":77},"position":');
    assert.deepEqual(page.errors, []);
  });

  await t.test("keeps at most 200 events of a protocol, and none move while the pointer selects", async (t2) => {
    const page = await openDevPage(t2, browser, dev);
    await page.waitForState("fluxora", /^Open$/);
    const headers = { ...JSON_TYPE, Authorization: `Bearer ${dev.apiKey}` };
    const burst = (word) => Array.from({ length: 250 }, (_, n) => ({ channel: "fluxora.streams", data: { event: `${word}-${n}` } }));
    await api(dev, "POST", "/v1/publish", { headers, body: JSON.stringify(burst("first")) });
    await page.waitForEvent("fluxora", "first-249");
    assert.equal((await page.events("fluxora")).length, 200);
    const list = await page.of("fluxora", ".events").boundingBox();
    await page.page.mouse.move(list.x + 100, list.y + 60);
    await page.page.mouse.down();
    await api(dev, "POST", "/v1/publish", { headers, body: JSON.stringify(burst("second").slice(0, 5)) });
    await until("a word on it", async () => /^Paused while you select, [5-9] waiting$/.test(await page.of("fluxora", ".paused").textContent()));
    assert.ok(!(await page.events("fluxora")).some((each) => each.includes("second-")));
    await page.page.mouse.up();
    await page.waitForEvent("fluxora", "second-4");
  });

  await t.test("has code that receives events as it is, in every language", async (t2) => {
    const page = await openDevPage(t2, browser, dev);
    await page.waitForState("service", /^Open$/);
    await page.tab("service", "Code");
    const folder = temporaryFolder(t2);
    const codeFor = async (language) => {
      await page.of("service", ".language").selectOption(language);
      return { service: await page.of("service", ".snippet").textContent() };
    };
    const curl = (await codeFor("curl")).service.split("\n\n")[0];
    const clients = {
      Node: runNode(t2, path.join(folder, "node"), await codeFor("Node")).service,
      Python: runPython(t2, path.join(folder, "python"), await codeFor("Python")).service,
      Go: (await runGo(t2, path.join(folder, "go"), await codeFor("Go"))).service,
      Java: runJava(t2, path.join(folder, "java"), await codeFor("Java")).service,
    };
    // Frames have no line ends.
    const { child } = startProcess("bash", ["-c", curl.replace(/^curl/m, "exec curl")]);
    t2.after(() => child.kill("SIGKILL"));
    let received = "";
    child.stdout.on("data", (chunk) => { received += chunk; });
    clients.curl = { text: () => received };
    for (const [language, client] of Object.entries(clients)) {
      await until(() => `events in ${language}:\n${client.text()}`, () => /chat_message|notification|status_update/.test(client.text()), { timeoutMs: 40_000 });
    }
  });

  await t.test("is used with the keyboard alone", async (t2) => {
    const page = await openDevPage(t2, browser, dev);
    await page.waitForState("grimnir", /^Open$/);
    await page.of("grimnir", '[role="tab"][aria-selected="true"]').focus();
    await page.page.keyboard.press("ArrowRight");
    await page.of("grimnir", ".snippet").waitFor();
    await page.page.keyboard.press("Tab");
    await page.page.keyboard.press("Tab");
    await page.page.keyboard.press("Enter");
    const copied = await until("copied", () => page.page.evaluate(() => navigator.clipboard.readText()));
    assert.match(copied, new RegExp(`ws://127\\.0\\.0\\.1:${dev.port}/api/v1/events\\?types=[\\w.,]+&token=eyJ`));
  });
});

test("the page shows that the gateway is gone, and reconnects to the next one", async (t) => {
  const browser = await launchBrowser(t);
  const dev = await startDev(t);
  const page = await openDevPage(t, browser, dev);
  for (const protocol of BUILT_IN) await page.waitForState(protocol, /^Open$/);
  await page.tab("service", "Subscribe");
  await page.of("service", '.subscribe button[type="submit"]').click();
  await page.of("service", ".subscriptions li").waitFor();
  assert.deepEqual(page.errors, []);
  dev.child.kill("SIGKILL");
  await within("gone", 5000, dev.exited);
  for (const protocol of BUILT_IN) await page.waitForState(protocol, /Again in \d+ s$/);
  await page.screenshot("gone");
  const next = await startDev(t, [], { state: dev.state, port: dev.port });
  for (const protocol of BUILT_IN) await page.waitForState(protocol, /^Open$/, 45_000);
  // With the nonce of the next gateway, and the subscription sent again.
  await page.tab("service", "Publish");
  await page.of("service", ".channel").fill("service.channel.conversation:conv-123");
  await page.of("service", ".body").fill('{"type":"again","data":{}}');
  await page.of("service", '.publish button[type="submit"]').click();
  await page.waitForEvent("service", '"type":"again"');
  next.child.kill("SIGINT");
  await page.waitForState("orion", /^(Closed: 1001|The gateway does not answer)/);
});
