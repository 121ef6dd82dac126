import { SysError } from '../errors.ts';
import {
  bindSocket,
  closeSocket,
  openSocket,
  receiveBytes,
  sendBytes,
  sendBytesAsync,
  setSocketOption,
} from './socket.ts';

/**
 * Netlink (netlink(7)): messages of a 16-byte head, a fixed header of the family, and nested attributes of type,
 * length and value. Host byte order, but where a family says network order.
 */

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const MSG_TRUNC = 0x20;

export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP = 0x300;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
export const NLM_F_REPLACE = 0x100;
const NLM_F_DUMP_INTR = 0x10;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLMSGERR_ATTR_MSG = 1;
const HEAD = 16;
const NLA_F_NESTED = 0x8000;
const NLA_TYPE_MASK = 0x3fff;

const align = (length: number): number => (length + 3) & ~3;

/** One message under construction. `what` names it in errors. */
export class NetlinkMessage {
  readonly what: string;
  readonly flags: number;
  #bytes = Buffer.alloc(256);
  #length = HEAD;

  constructor(what: string, type: number, flags: number, familyHeader: Uint8Array) {
    this.what = what;
    this.flags = flags | NLM_F_REQUEST;
    this.#bytes.writeUInt16LE(type, 4);
    this.#bytes.writeUInt16LE(this.flags, 6);
    this.#append(familyHeader);
  }

  attr(type: number, value: Uint8Array): this {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(4 + value.length, 0);
    head.writeUInt16LE(type, 2);
    this.#append(head);
    this.#append(value);
    return this;
  }

  u8(type: number, value: number): this {
    return this.attr(type, Uint8Array.of(value));
  }

  u32(type: number, value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value >>> 0);
    return this.attr(type, bytes);
  }

  be32(type: number, value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value >>> 0);
    return this.attr(type, bytes);
  }

  /** A string, with the zero that ends it. */
  text(type: number, value: string): this {
    return this.attr(type, Buffer.from(`${value}\0`));
  }

  /** An attribute that holds what `fill` writes, after `header` if there is one. */
  nest(type: number, fill: (message: this) => void, header?: Uint8Array): this {
    const start = this.#length;
    this.attr(type | NLA_F_NESTED, header ?? new Uint8Array());
    fill(this);
    const length = this.#length - start;
    if (length > 0xffff) throw new RangeError(`netlink attribute of ${length} bytes`);
    this.#bytes.writeUInt16LE(length, start);
    return this;
  }

  /** The finished bytes; valid until the message is written to again. */
  finish(sequence: number): Buffer {
    this.#bytes.writeUInt32LE(this.#length, 0);
    this.#bytes.writeUInt32LE(sequence >>> 0, 8);
    return this.#bytes.subarray(0, this.#length);
  }

  #append(bytes: Uint8Array): void {
    const end = this.#length + align(bytes.length);
    if (end > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(end, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = end;
  }
}

export interface ReceivedMessage {
  type: number;
  flags: number;
  sequence: number;
  payload: Buffer;
}

/** Splits a datagram into its messages. What is cut off or of an impossible length ends the list. */
export function parseMessages(datagram: Buffer): ReceivedMessage[] {
  const messages: ReceivedMessage[] = [];
  for (let at = 0; at + HEAD <= datagram.length; ) {
    const length = datagram.readUInt32LE(at);
    if (length < HEAD || at + length > datagram.length) break;
    messages.push({
      type: datagram.readUInt16LE(at + 4),
      flags: datagram.readUInt16LE(at + 6),
      sequence: datagram.readUInt32LE(at + 8),
      payload: datagram.subarray(at + HEAD, at + length),
    });
    at += align(length);
  }
  return messages;
}

/** Attributes by type; of one that comes twice the last. What is cut off ends the list. */
export function parseAttributes(bytes: Buffer): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 4 || at + length > bytes.length) break;
    attributes.set(bytes.readUInt16LE(at + 2) & NLA_TYPE_MASK, bytes.subarray(at + 4, at + length));
    at += align(length);
  }
  return attributes;
}

/** The text of an attribute, without the zero that ends it. */
export function attributeText(value: Buffer | undefined): string {
  if (!value) return '';
  const end = value.indexOf(0);
  return value.toString('utf8', 0, end < 0 ? value.length : end);
}

/** Errno and, where the kernel gives one, its explanation, of an NLMSG_ERROR message (0 = acknowledged). */
export function parseError(message: ReceivedMessage): { errno: number; text: string } {
  if (message.payload.length < 4) return { errno: 5, text: 'short answer' };
  const errno = -message.payload.readInt32LE(0);
  if (!(message.flags & NLM_F_ACK_TLVS) || message.payload.length < 4 + HEAD) return { errno, text: '' };
  const original = message.flags & NLM_F_CAPPED ? HEAD : align(message.payload.readUInt32LE(4));
  const attributes = parseAttributes(message.payload.subarray(4 + original));
  return { errno, text: attributeText(attributes.get(NLMSGERR_ATTR_MSG)) };
}

/** Datagrams from the kernel are at most 32 KiB unless one asks for more. Reused: everything here is synchronous. */
const received = Buffer.alloc(64 * 1024);
let sequence = Math.floor(Math.random() * 0x7fffffff);

/**
 * A netlink socket. It stays in the network namespace in which it was opened. The kernel answers within the call that
 * sends, so nothing here waits; the receive timeout of 5 s is a net beneath that.
 */
export class NetlinkSocket {
  readonly #fd: number;

  constructor(protocol: number) {
    this.#fd = openSocket(AF_NETLINK, SOCK_RAW, protocol);
    try {
      const address = Buffer.alloc(12);
      address.writeUInt16LE(AF_NETLINK, 0);
      bindSocket(this.#fd, address);
      setSocketOption(this.#fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
      setSocketOption(this.#fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
      const timeout = Buffer.alloc(16);
      timeout.writeBigInt64LE(5n, 0);
      setSocketOption(this.#fd, SOL_SOCKET, SO_RCVTIMEO, timeout);
    } catch (error) {
      closeSocket(this.#fd);
      throw error;
    }
  }

  /** Room for batches of `bytes` and for as many answers. */
  enlarge(bytes: number): void {
    setSocketOption(this.#fd, SOL_SOCKET, SO_SNDBUFFORCE, bytes);
    setSocketOption(this.#fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes);
  }

  /**
   * Sends all messages in one datagram and waits for the answer to each that has NLM_F_ACK. The kernel carries out
   * the later ones also where an earlier one failed. Gives one entry a message: undefined, or what failed.
   */
  transact(messages: readonly NetlinkMessage[]): (SysError | undefined)[] {
    const first = sequence + 1;
    const parts = messages.map((message, index) => message.finish(first + index));
    sequence = (first + messages.length) % 0x7fffffff;
    const results: (SysError | undefined)[] = messages.map(() => undefined);
    let waiting = messages.filter((message) => message.flags & NLM_F_ACK).length;
    sendBytes(this.#fd, Buffer.concat(parts));
    while (waiting > 0) {
      for (const answer of this.#receive()) {
        const index = answer.sequence - first;
        const message = messages[index];
        if (!message || answer.type !== NLMSG_ERROR) continue;
        const { errno, text } = parseError(answer);
        if (errno !== 0) results[index] = failure(message.what, errno, text);
        if (message.flags & NLM_F_ACK) waiting--;
        else if (errno !== 0) return results;
      }
    }
    return results;
  }

  /**
   * One message whose work takes long (taking down a link waits for all processors: 10 to 60 ms), sent from a thread of
   * the pool. Nothing else may use this socket meanwhile.
   */
  async requestSlowly(message: NetlinkMessage): Promise<void> {
    const own = ++sequence;
    await sendBytesAsync(this.#fd, message.finish(own));
    for (;;) {
      const answer = this.#receive().find((each) => each.sequence === own && each.type === NLMSG_ERROR);
      if (!answer) continue;
      const { errno, text } = parseError(answer);
      if (errno !== 0) throw failure(message.what, errno, text);
      return;
    }
  }

  /** As `transact`, and throws the first failure. */
  request(...messages: NetlinkMessage[]): void {
    const failed = this.transact(messages).find((result) => result !== undefined);
    if (failed) throw failed;
  }

  /**
   * Sends a question and gives the messages of the answer: of one without NLM_F_DUMP the first, of a dump all. A dump
   * that changed underway, or whose answers did not fit into the socket (ENOBUFS), is made again.
   */
  ask(message: NetlinkMessage): ReceivedMessage[] {
    for (let attempt = 0; ; attempt++) {
      try {
        const answers = this.#askOnce(message);
        if (answers || attempt >= 8) return answers ?? [];
      } catch (error) {
        if (!(error instanceof SysError) || error.code !== 'ENOBUFS' || attempt >= 8) throw error;
      }
    }
  }

  #askOnce(message: NetlinkMessage): ReceivedMessage[] | undefined {
    const own = ++sequence;
    sendBytes(this.#fd, message.finish(own));
    const answers: ReceivedMessage[] = [];
    const dump = (message.flags & NLM_F_DUMP) === NLM_F_DUMP;
    let interrupted = false;
    for (;;) {
      for (const answer of this.#receive()) {
        if (answer.sequence !== own) continue;
        if (answer.flags & NLM_F_DUMP_INTR && dump) interrupted = true;
        if (answer.type === NLMSG_DONE) return interrupted ? undefined : answers;
        if (answer.type === NLMSG_ERROR) {
          const { errno, text } = parseError(answer);
          if (errno !== 0) throw failure(message.what, errno, text);
          return answers;
        }
        answers.push({ ...answer, payload: Buffer.from(answer.payload) });
        if (!dump) return answers;
      }
    }
  }

  #receive(): ReceivedMessage[] {
    const length = receiveBytes(this.#fd, received, MSG_TRUNC);
    if (length > received.length) throw new SysError('recv', 90, 'netlink datagram cut off');
    return parseMessages(received.subarray(0, length));
  }

  [Symbol.dispose](): void {
    closeSocket(this.#fd);
  }
}

function failure(what: string, errno: number, text: string): SysError {
  return new SysError('netlink', errno, text === '' ? what : `${what} (${text})`);
}
