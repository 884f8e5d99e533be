// Fan-out with socket.io: what is posted goes to a room, which every client joins.
//   node socket_io_server.mjs PORT
import http from "node:http";
import { Server } from "socket.io";

const server = http.createServer();
const sockets = new Server(server, { transports: ["websocket"], perMessageDeflate: false });
sockets.engine.on("connection", (client) => { client.request = null; });
sockets.on("connection", (client) => client.join("bench"));

// socket.io answers requests below its own path; the others are ours.
server.on("request", (request, response) => {
  if (request.method !== "POST") return;
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    sockets.to("bench").emit("event", JSON.parse(Buffer.concat(chunks).toString()));
    response.end("{}");
  });
});
server.listen(Number(process.argv[2]), "127.0.0.1");
