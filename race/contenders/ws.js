// A chat with ws: `node ws.js PORT`.

import { WebSocket, WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[2]) });

server.on("connection", (socket, request) => {
  const client_id = request.url.split("/").at(-1);
  socket.on("error", console.error);
  socket.on("message", (data) => {
    const message = { client_id, message: data.toString(), timestamp: new Date().toISOString() };
    const text = JSON.stringify(message);
    for (const client of server.clients) {
      if (client.readyState === WebSocket.OPEN) client.send(text);
    }
  });
});
