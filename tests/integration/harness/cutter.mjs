// A TCP proxy that ends each connection after a random number of bytes of its answer, as long as `cutting` is true.
// `at`: only behind such bytes, for example the end of a record.
import net from "node:net";

const LEAST_BYTES = 300;
const MORE_BYTES = 6000;

export async function startCutter(t, port, { at = "" } = {}) {
  const cutter = { cutting: true, cuts: 0, open: new Set() };
  const server = net.createServer((client) => {
    const upstream = net.connect(port, "127.0.0.1");
    let left = LEAST_BYTES + Math.random() * MORE_BYTES;
    const leave = () => { client.destroy(); upstream.destroy(); cutter.open.delete(leave); };
    cutter.open.add(leave);
    for (const socket of [client, upstream]) socket.on("error", leave).on("close", leave);
    client.on("data", (chunk) => upstream.write(chunk));
    upstream.on("data", (chunk) => {
      const isLast = cutter.cutting && left <= chunk.length;
      const end = chunk.indexOf(at, Math.max(0, Math.ceil(left) - at.length));
      left -= chunk.length;
      if (!isLast || end < 0) return client.write(chunk);
      client.write(chunk.subarray(0, end + at.length));
      cutter.cuts += 1;
      client.end();
      upstream.destroy();
      return undefined;
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => { for (const leave of cutter.open) leave(); server.close(); });
  cutter.port = server.address().port;
  return cutter;
}

// Calls send(1), send(2), … at least `least` times, and goes on until each cutter has made `cuts` cuts. A fixed number of
// events would not do: a client that reconnects slowly is cut less often. Stops the cutters, and returns the last number.
export async function sendThroughCuts(send, { cutters, least, cuts = 6 }) {
  let n = 0;
  while (n < least || cutters.some((cutter) => cutter.cuts < cuts)) {
    if (n >= least * 20) throw new Error(`${cutters.map((cutter) => cutter.cuts)} cuts after ${n} events, not ${cuts}`);
    await send(n += 1);
  }
  for (const cutter of cutters) cutter.cutting = false;
  return n;
}
