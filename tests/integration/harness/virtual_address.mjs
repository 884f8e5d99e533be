// A TCP relay in the role of a virtual address: new connections go to the current target, and open ones stay
// where they are when the target changes, as after a failover.
import net from "node:net";

export async function startVirtualAddress(t, targetPort) {
  const address = { target: targetPort, accepted: 0 };
  const sockets = new Set();
  const server = net.createServer((client) => {
    address.accepted += 1;
    const broker = net.connect(address.target, "127.0.0.1");
    for (const [from, to] of [[client, broker], [broker, client]]) {
      sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => { sockets.delete(from); to.destroy(); });
      from.pipe(to);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
  });
  address.url = `redis://127.0.0.1:${server.address().port}`;
  return address;
}
