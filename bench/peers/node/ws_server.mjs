// Fan-out with ws: what is posted goes to every client. The frames' payload is one Buffer for all of them.
//   node ws_server.mjs PORT
import http from "node:http";
import { WebSocket, WebSocketServer } from "ws";

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const event = Buffer.concat(chunks);
    for (const client of sockets.clients) {
      if (client.readyState === WebSocket.OPEN) client.send(event, { binary: false });
    }
    response.end("{}");
  });
});
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
server.listen(Number(process.argv[2]), "127.0.0.1");
