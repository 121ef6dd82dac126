import { expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerOf } from './peer.ts';

/** The server's side of a connection to `place`. */
async function accepted(place: string | number): Promise<{ socket: Socket; close: () => void }> {
  const server = createServer();
  await new Promise<void>((resolve) =>
    server.listen(place === 0 ? { port: 0, host: '127.0.0.1' } : { path: String(place) }, resolve),
  );
  const address = server.address();
  const dialled =
    typeof address === 'string' || !address ? connect(String(place)) : connect(address.port, '127.0.0.1');
  const socket = await new Promise<Socket>((resolve) => server.once('connection', resolve));
  return {
    socket,
    close: () => {
      dialled.destroy();
      socket.destroy();
      server.close();
    },
  };
}

test('the peer of a unix socket is the process that connected, that of TCP is nobody', async () => {
  const path = join(tmpdir(), `minke-peer-${process.pid}.sock`);
  const unix = await accepted(path);
  expect(peerOf(unix.socket)).toEqual({
    pid: process.pid,
    uid: process.getuid?.() ?? -1,
    gid: process.getgid?.() ?? -1,
  });
  unix.close();
  rmSync(path, { force: true });
  const tcp = await accepted(0);
  expect(peerOf(tcp.socket)).toBeUndefined();
  tcp.close();
});
