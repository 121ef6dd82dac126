import { constants } from 'node:os';
import { acceptInet, closeFd, receiveFrom, SOCKADDR_SIZE, sendTo } from '../../sys/mod.ts';
import { decide } from './answer.ts';
import type { EventLoop } from './event-loop.ts';
import type { Asker, Forwarder } from './forwarder.ts';
import { buildAnswer, buildRefusal, MAX_MESSAGE, parseQuery, type Query, udpLimit } from './message.ts';
import type { SandboxView, ServerSockets } from './protocol.ts';
import { MessageStream } from './stream.ts';
import { Throttle } from './throttle.ts';
import type { Zone } from './zone.ts';

/** Datagrams that one sandbox has answered before the others have their turn. */
const TURN = 32;
/** Connections of one sandbox. */
const MAX_STREAMS = 64;
/** Questions of one connection that wait for others. */
const MAX_WAITING = 64;
const { EMFILE, ENFILE } = constants.errno;

/** Reused: what has to outlive its turn is copied. */
const received = Buffer.alloc(MAX_MESSAGE);
const sender = new Uint8Array(SOCKADDR_SIZE);

/** Where an answer goes. */
type Send = (message: Uint8Array) => void;

/** Answers the queries of one sandbox, at its two sockets. Owns them. */
export class SandboxServer {
  readonly #loop: EventLoop;
  readonly #zone: Zone;
  readonly #forwarder: Forwarder;
  readonly #hear: () => void;
  readonly #sockets: ServerSockets;
  readonly #asker: Asker;
  readonly #throttle = new Throttle();
  readonly #streams = new Set<MessageStream>();
  #udp: Disposable | undefined;
  #tcp: Disposable | undefined;
  #resting: number | undefined;
  #closed = false;
  view: SandboxView;

  /** `hear` takes in what the daemon has told, which may close this server. */
  constructor(
    shared: { loop: EventLoop; zone: Zone; forwarder: Forwarder; hear: () => void },
    own: { sockets: ServerSockets; namespace: string; view: SandboxView },
  ) {
    this.#loop = shared.loop;
    this.#zone = shared.zone;
    this.#forwarder = shared.forwarder;
    this.#hear = shared.hear;
    this.#sockets = own.sockets;
    this.#asker = { namespace: own.namespace, pending: new Set() };
    this.view = own.view;
    this.#watch();
  }

  close(): void {
    this.#closed = true;
    this.#unwatch();
    if (this.#resting !== undefined) this.#loop.rest.cancel(this.#resting);
    for (const stream of [...this.#streams]) stream.close();
    for (const end of [...this.#asker.pending]) end();
    closeFd(this.#sockets.udp);
    closeFd(this.#sockets.tcp);
  }

  #watch(): void {
    this.#udp = this.#loop.watch(this.#sockets.udp, () => this.#receive());
    this.#tcp = this.#loop.watch(this.#sockets.tcp, () => this.#accept());
  }

  #unwatch(): void {
    this.#udp?.[Symbol.dispose]();
    this.#tcp?.[Symbol.dispose]();
  }

  /** It asked too much: what comes meanwhile waits in the sockets, or is lost there. */
  #rest(): void {
    if (this.#resting !== undefined) return;
    this.#unwatch();
    for (const stream of this.#streams) stream.pause();
    this.#resting = this.#loop.rest.begin(() => {
      this.#resting = undefined;
      this.#watch();
      for (const stream of [...this.#streams]) stream.resume();
    });
  }

  #receive(): void {
    for (let count = 0; count < TURN && !this.#closed; count++) {
      if (!this.#throttle.take()) {
        this.#rest();
        return;
      }
      const length = receiveFrom(this.#sockets.udp, received, sender);
      if (length < 0) return;
      const to = sender.slice();
      this.#answer('udp', received.subarray(0, length), (message) => {
        sendTo(this.#sockets.udp, message, to);
      });
    }
  }

  #accept(): void {
    const fd = acceptInet(this.#sockets.tcp);
    // Why not wait: the connection stays in the queue, and this would be called again at once, for ever.
    if (fd === -EMFILE || fd === -ENFILE) {
      this.#rest();
      return;
    }
    if (fd < 0) return;
    if (this.#streams.size >= MAX_STREAMS) {
      closeFd(fd);
      return;
    }
    let waiting = 0;
    let ended = false;
    let idle = 0;
    const renew = () => {
      this.#loop.idle.cancel(idle);
      idle = this.#loop.idle.begin(() => stream.close());
    };
    const stream: MessageStream = new MessageStream(this.#loop, fd, {
      message: (bytes) => {
        renew();
        waiting++;
        if (!this.#throttle.take()) this.#rest();
        else if (waiting >= MAX_WAITING) stream.pause();
        const read = this.#answer('tcp', bytes, (message) => {
          stream.send(message);
          if (waiting === 1 && ended) stream.finish();
          if (waiting-- === MAX_WAITING && this.#resting === undefined) stream.resume();
        });
        if (!read) stream.close();
      },
      end: () => {
        ended = true;
        if (waiting === 0) stream.finish();
      },
      close: () => {
        this.#loop.idle.cancel(idle);
        this.#streams.delete(stream);
      },
    });
    this.#streams.add(stream);
    renew();
  }

  /** False if the message is none that is ever answered. */
  #answer(protocol: 'udp' | 'tcp', bytes: Uint8Array, send: Send): boolean {
    // Race: who asks may have been told that a name is there now, and the message of that has come, too.
    this.#hear();
    if (this.#closed) return false;
    const parsed = parseQuery(bytes);
    if ('drop' in parsed) return false;
    if ('rcode' in parsed) send(buildRefusal(parsed));
    else this.#decide(protocol, parsed.query, bytes, send);
    return true;
  }

  #decide(protocol: 'udp' | 'tcp', query: Query, bytes: Uint8Array, send: Send): void {
    const limit = protocol === 'udp' ? udpLimit(query) : MAX_MESSAGE;
    const decision = decide(this.#zone, this.view, query);
    if (!('ask' in decision)) {
      send(buildAnswer(query, decision, limit));
      return;
    }
    this.#forwarder.ask({
      asker: this.#asker,
      protocol,
      query,
      bytes: bytes.slice(),
      upstreams: decision.ask,
      done: (result) => send('answer' in result ? result.answer : failure(query, result.rcode)),
    });
  }
}

const failure = (query: Query, rcode: number) =>
  buildAnswer(query, { rcode, answers: [], ttl: 0 }, MAX_MESSAGE);
