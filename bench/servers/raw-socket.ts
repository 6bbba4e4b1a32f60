import { readFileSync } from 'node:fs';
import { type Socket, type AddressInfo, createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

/** Broadcasts whatever it is sent to everybody else, over `net`, or over `tls` where it is given a certificate. */
const { TLS_KEY, TLS_CERTIFICATE } = process.env;
const sockets = new Set<Socket>();

function accept(socket: Socket): void {
  sockets.add(socket);
  socket.on('data', (data: Buffer) => {
    for (const each of sockets) if (each !== socket) each.write(data);
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => sockets.delete(socket));
}

const server =
  TLS_KEY === undefined || TLS_CERTIFICATE === undefined
    ? createServer(accept)
    : createTlsServer({ key: readFileSync(TLS_KEY), cert: readFileSync(TLS_CERTIFICATE) }, accept);
server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => {
  const { port } = server.address() as AddressInfo;
  process.stderr.write(`${JSON.stringify({ url: `tcp://127.0.0.1:${port}` })}\n`);
});
