import { WebSocketServer } from 'ws';

/** Broadcasts whatever it is sent to everybody else, in the obvious way. */
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stderr.write(`${JSON.stringify({ url: `ws://127.0.0.1:${port}` })}\n`);
});

server.on('connection', (socket) => {
  socket.on('message', (data) => {
    const text = (data as Buffer).toString();
    for (const client of server.clients) if (client !== socket) client.send(text);
  });
});
