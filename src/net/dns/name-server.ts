import { messageOf } from '../../base/mod.ts';
import { closeFd } from '../../sys/mod.ts';
import { EventLoop } from './event-loop.ts';
import { Forwarder } from './forwarder.ts';
import type { FromNames, NameThreadData, ToNames } from './protocol.ts';
import { SandboxServer } from './sandbox-server.ts';
import { Zone } from './zone.ts';

/** The servers of all sandboxes, in one thread. */
export class NameServer implements Disposable {
  readonly #loop: EventLoop;
  readonly #zone = new Zone();
  readonly #forwarder: Forwarder;
  readonly #servers = new Map<number, SandboxServer>();
  readonly #receive: () => ToNames | undefined;
  readonly #post: (message: FromNames) => void;
  readonly #told: Int32Array;
  #heard = 0;
  #closing = false;
  #lastTold = 0;

  constructor(
    { wake, told }: NameThreadData,
    receive: () => ToNames | undefined,
    post: (message: FromNames) => void,
  ) {
    this.#told = told;
    this.#receive = receive;
    this.#post = post;
    this.#loop = new EventLoop(wake, (error) => this.#tell(error));
    this.#forwarder = new Forwarder(this.#loop);
  }

  /** Until it is told to close. `breathe` lets the runtime do what it has to. */
  async run(breathe: () => Promise<void>): Promise<void> {
    while (!this.#closing) {
      let woken = false;
      this.#loop.turn(() => {
        woken = true;
        this.#hear();
      });
      if (woken) await breathe();
    }
  }

  #hear(): void {
    const told = Atomics.load(this.#told, 0);
    if (told === this.#heard) return;
    this.#heard = told;
    for (let message = this.#receive(); message; message = this.#receive()) this.#obey(message);
  }

  #obey(message: ToNames): void {
    switch (message.type) {
      case 'host':
        this.#zone.add(message.host);
        break;
      case 'no host':
        this.#zone.remove(message.networkId, message.endpointId);
        break;
      case 'serve':
        this.#serve(message);
        break;
      case 'view': {
        const server = this.#servers.get(message.key);
        if (server) server.view = message.view;
        break;
      }
      case 'drop':
        this.#servers.get(message.key)?.close();
        this.#servers.delete(message.key);
        break;
      case 'close':
        this.#closing = true;
        break;
    }
  }

  #serve(message: Extract<ToNames, { type: 'serve' }>): void {
    const { key, sockets, namespace } = message;
    try {
      const shared = {
        loop: this.#loop,
        zone: this.#zone,
        forwarder: this.#forwarder,
        hear: () => this.#hear(),
      };
      this.#servers.set(key, new SandboxServer(shared, message));
    } catch (error) {
      closeFd(sockets.udp);
      closeFd(sockets.tcp);
      const fields = { namespace, error: messageOf(error) };
      this.#post({ type: 'trouble', message: 'cannot answer queries of a container', fields });
    }
  }

  /** Once a second at most: what fails for one packet may fail for each. */
  #tell(error: unknown): void {
    const now = performance.now();
    if (now - this.#lastTold < 1000) return;
    this.#lastTold = now;
    this.#post({ type: 'trouble', message: 'a query failed', fields: { error: messageOf(error) } });
  }

  [Symbol.dispose](): void {
    for (const server of this.#servers.values()) server.close();
    this.#loop[Symbol.dispose]();
  }
}
