import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '../../base/mod.ts';

/** A published IPv6 address and where its connections go. */
export interface Forward {
  hostIp: string;
  hostPort: number;
  targetIp: string;
  targetPort: number;
}

const MOST = 64;

/**
 * TCP listeners of ours that stand for published IPv6 addresses, while containers have IPv4 addresses only: nftables
 * cannot translate one family into the other, nor ::1 at all. Where everything was asked for (`::` from ''), only
 * [::1] listens, so that `localhost` works; the others are what was asked for. They are gone while no daemon runs.
 */
export class V6Listeners {
  readonly #log: Logger;
  readonly #open = new Map<string, { servers: Server[]; sockets: Set<Socket> }>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Opens listeners for `owner`, at most 64. One that cannot be opened is logged: the IPv4 side works without. */
  async open(owner: string, forwards: readonly Forward[]): Promise<void> {
    if (forwards.length > MOST) {
      this.#log.warn('too many published ports for IPv6 listeners', { container: owner, most: MOST });
    }
    const group = { servers: [] as Server[], sockets: new Set<Socket>() };
    if (forwards.length > 0) this.#open.set(owner, group);
    for (const forward of forwards.slice(0, MOST)) {
      const server = createServer({ allowHalfOpen: true }, (socket) => relay(socket, forward, group.sockets));
      try {
        await listening(server, forward);
        group.servers.push(server);
      } catch (error) {
        this.#log.warn('cannot listen for a published port', { container: owner, ...forward, error });
      }
    }
  }

  /** Closes the listeners of `owner` and what goes through them. */
  close(owner: string): void {
    const group = this.#open.get(owner);
    if (!group) return;
    this.#open.delete(owner);
    for (const server of group.servers) server.close();
    for (const socket of group.sockets) socket.destroy();
  }

  closeAll(): void {
    for (const owner of [...this.#open.keys()]) this.close(owner);
  }
}

async function listening(server: Server, forward: Forward): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: forward.hostIp, port: forward.hostPort, ipv6Only: true }, () => {
      server.off('error', reject);
      server.on('error', () => {});
      resolve();
    });
  });
}

function relay(client: Socket, forward: Forward, sockets: Set<Socket>): void {
  const container = connect({ host: forward.targetIp, port: forward.targetPort, allowHalfOpen: true });
  for (const [one, other] of [
    [client, container],
    [container, client],
  ] as const) {
    sockets.add(one);
    one.on('error', () => other.destroy());
    one.on('close', () => {
      sockets.delete(one);
      if (!one.readableEnded) other.destroy();
    });
    one.pipe(other);
  }
}
