// A chat with Socket.IO: `node socket.io.js PORT`.

import { Server } from "socket.io";

const io = new Server(Number(process.argv[2]));

io.on("connection", (socket) => {
  socket.on("chat", (message) => {
    io.emit("chat", { client_id: socket.id, message, timestamp: new Date().toISOString() });
  });
});
