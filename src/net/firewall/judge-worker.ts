import { workerData } from 'node:worker_threads';
import { EPOLLIN, Epoll, Nflog, RawSocket } from '../../sys/mod.ts';
import { fillChecksum } from './checksum.ts';

/**
 * The thread behind `judge.ts`: sends what the INPUT chains let through on its way to the containers. A thread of its
 * own, since each first packet of a connection comes by here, those of a flood too.
 */

const { group, wake } = workerData as { group: number; wake: number };
const PACKETS = 1;
const WAKE = 2;

const epoll = new Epoll();
const log = new Nflog(group);
const out = new RawSocket();
epoll.add(log.fd, PACKETS, EPOLLIN);
epoll.add(wake, WAKE, EPOLLIN);
let ended = false;
while (!ended) {
  epoll.wait(-1, (key) => {
    if (key === WAKE) ended = true;
    else for (const packet of log.read()) forward(packet);
  });
}
out[Symbol.dispose]();
log[Symbol.dispose]();
epoll[Symbol.dispose]();

function forward(packet: Buffer): void {
  fillChecksum(packet);
  try {
    out.send(packet);
  } catch {
    // Dropped by a rule for what the host sends, or too large: as on any router, whoever sent it finds out by himself.
  }
}
