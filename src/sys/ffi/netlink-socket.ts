import { SysError } from '../errors.ts';
import { type NetlinkMessage, NLM_F_ACK, NLM_F_DUMP } from './netlink-message.ts';
import { parseError, parseMessages, type ReceivedMessage } from './netlink-parse.ts';
import {
  bindSocket,
  closeSocket,
  openSocket,
  receiveBytes,
  sendBytes,
  sendBytesAsync,
  setSocketOption,
} from './socket.ts';

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

const NLM_F_DUMP_INTR = 0x10;

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;

/** Datagrams from the kernel are at most 32 KiB unless one asks for more. Reused: everything here is synchronous. */
const received = Buffer.alloc(64 * 1024);
let sequence = Math.floor(Math.random() * 0x7fffffff);

/**
 * A netlink socket. It stays in the network namespace in which it was opened. The kernel answers within the call that
 * sends, so nothing here waits; the receive timeout of 5 s is a net beneath that.
 */
export class NetlinkSocket {
  /** For waiting only. */
  readonly fd: number;

  constructor(protocol: number) {
    this.fd = openSocket(AF_NETLINK, SOCK_RAW, protocol);
    try {
      const address = Buffer.alloc(12);
      address.writeUInt16LE(AF_NETLINK, 0);
      bindSocket(this.fd, address);
      setSocketOption(this.fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
      setSocketOption(this.fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
      const timeout = Buffer.alloc(16);
      timeout.writeBigInt64LE(5n, 0);
      setSocketOption(this.fd, SOL_SOCKET, SO_RCVTIMEO, timeout);
    } catch (error) {
      closeSocket(this.fd);
      throw error;
    }
  }

  /** Room for batches of `bytes` and for as many answers. */
  enlarge(bytes: number): void {
    setSocketOption(this.fd, SOL_SOCKET, SO_SNDBUFFORCE, bytes);
    setSocketOption(this.fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes);
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
    sendBytes(this.fd, Buffer.concat(parts));
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
    await sendBytesAsync(this.fd, message.finish(own));
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
    sendBytes(this.fd, message.finish(own));
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
    const length = receiveBytes(this.fd, received, MSG_TRUNC);
    if (length > received.length) throw new SysError('recv', 90, 'netlink datagram cut off');
    return parseMessages(received.subarray(0, length));
  }

  [Symbol.dispose](): void {
    closeSocket(this.fd);
  }
}

function failure(what: string, errno: number, text: string): SysError {
  return new SysError('netlink', errno, text === '' ? what : `${what} (${text})`);
}
