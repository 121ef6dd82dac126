import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import {
  closeFd,
  closeNamespace,
  connectInet,
  openNamespace,
  receiveSome,
  sendSome,
  visitNamespace,
} from '../../sys/mod.ts';
import { ipv4Bytes, parseIpv4, parseIpv6 } from '../ipam/address.ts';
import type { EventLoop } from './event-loop.ts';
import { answersQuestion, MAX_MESSAGE, type Query, RCODE, rcodeOf, setId } from './message.ts';
import type { Upstream } from './protocol.ts';
import { MessageStream } from './stream.ts';

const DNS_PORT = 53;
/** Descriptors that questions to others may hold, all sandboxes together; the daemon has twenty thousand. */
const MAX_TOTAL = 4096;
/** Of one sandbox. Compat: libnetwork `maxConcurrent`. */
const MAX_OF_ONE = 1024;
const { EAGAIN } = constants.errno;

/** Reused: an answer is passed on before the next is read. */
const received = Buffer.alloc(MAX_MESSAGE);

/** Questions of one sandbox that others are asked. */
export interface Asker {
  /** Path of its network namespace. */
  namespace: string;
  /** What it waits for; each is ended by calling it. */
  readonly pending: Set<() => void>;
}

/** A question as it came, and who wants to know. */
export interface Question {
  asker: Asker;
  protocol: 'udp' | 'tcp';
  query: Query;
  /** The whole message; kept until the end. */
  bytes: Uint8Array;
  upstreams: readonly Upstream[];
  /** Called once with the answer as it came from there, valid during the call; or with why there is none. */
  done: (result: { answer: Uint8Array } | { rcode: number }) => void;
}

/**
 * Asks servers in order, each until it answers, fails or is silent for too long. Each question has a socket of its own,
 * which takes answers from that server alone, and a number of its own.
 */
export class Forwarder {
  readonly #loop: EventLoop;
  #total = 0;

  constructor(loop: EventLoop) {
    this.#loop = loop;
  }

  ask(question: Question): void {
    const mine = question.asker.pending.size;
    // One that floods leaves as much free as it has itself; a thousand of them leave some, too.
    if (mine >= MAX_OF_ONE || mine > MAX_TOTAL - this.#total) {
      question.done({ rcode: RCODE.REFUSED });
      return;
    }
    this.#askFrom(question, 0);
  }

  #askFrom(question: Question, index: number): void {
    const upstream = question.upstreams[index];
    // Compat: libnetwork gives up with SERVFAIL, whatever the servers said.
    if (!upstream) {
      question.done({ rcode: RCODE.FAILURE });
      return;
    }
    const next = () => this.#askFrom(question, index + 1);
    const id = randomInt(0x1_0000);
    let fd: number;
    try {
      fd = this.#connect(question, upstream);
    } catch {
      next();
      return;
    }
    const { pending } = question.asker;
    let close = () => {};
    let over = false;
    const end = () => {
      over = true;
      this.#total--;
      pending.delete(end);
      this.#loop.upstream.cancel(deadline);
      close();
    };
    const fail = () => {
      if (over) return;
      end();
      next();
    };
    const take = (bytes: Uint8Array): void => {
      if (over || !answersQuestion(bytes, id, question.query.question)) return;
      // Compat: who cannot, or does not want to, leaves it to the next.
      const rcode = rcodeOf(bytes);
      if (rcode === RCODE.FAILURE || rcode === RCODE.REFUSED) {
        fail();
        return;
      }
      end();
      setId(bytes, question.query.id);
      question.done({ answer: bytes });
    };
    this.#total++;
    pending.add(end);
    const deadline = this.#loop.upstream.begin(fail);
    const message = Uint8Array.from(question.bytes);
    setId(message, id);
    if (question.protocol === 'tcp') {
      const stream = new MessageStream(this.#loop, fd, { message: take, close: fail });
      close = () => stream.close();
      stream.send(message);
    } else {
      const watch = this.#loop.watch(fd, () => receiveAnswer(fd, take, fail));
      close = () => {
        watch[Symbol.dispose]();
        closeFd(fd);
      };
      if (sendSome(fd, message) < 0) fail();
    }
  }

  #connect({ asker, protocol }: Question, { address, fromHost }: Upstream): number {
    const [text = '', zone] = address.split('%');
    const bytes = parseIpv4(text) === undefined ? parseIpv6(text) : ipv4Bytes(text);
    if (!bytes) throw new Error(`not an address: ${address}`);
    const scope = zone === undefined ? 0 : Number(readFileSync(`/sys/class/net/${zone}/ifindex`, 'utf8'));
    const connect = () => connectInet(protocol, bytes, DNS_PORT, scope);
    if (fromHost) return connect();
    const namespace = openNamespace(asker.namespace);
    try {
      return visitNamespace(namespace, connect);
    } finally {
      closeNamespace(namespace);
    }
  }
}

function receiveAnswer(fd: number, take: (bytes: Uint8Array) => void, fail: () => void): void {
  const length = receiveSome(fd, received);
  if (length === -EAGAIN) return;
  // ECONNREFUSED, EHOSTUNREACH: nobody is there.
  if (length < 0) {
    fail();
    return;
  }
  take(received.subarray(0, length));
}
