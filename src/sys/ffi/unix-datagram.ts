import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { SysError } from '../errors.ts';
import { koffi } from './koffi.ts';
import { check, libc, tryCall } from './libc.ts';
import {
  AF_UNIX,
  CMSG_HEADER,
  messageOfBuffers,
  msghdr,
  SCM_RIGHTS,
  SOL_SOCKET,
  unixAddress,
} from './unix-message.ts';

const socketCall = libc.func('int socket(int domain, int type, int protocol)');
const connectCall = libc.func('int connect(int fd, const void *address, uint32_t length)');
const sendCall = libc.func('intptr_t send(int fd, const void *data, size_t length, int flags)');
const sendmsgCall = libc.func('sendmsg', 'intptr_t', ['int', koffi.pointer(msghdr), 'int']);

const DATAGRAM = 2 | 0o2000000 | 0o4000;
const MSG_NOSIGNAL = 0x4000;
const EAGAIN = 11;
const EMSGSIZE = 90;
const ENOTCONN = 107;
const ECONNREFUSED = 111;

/** Datagrams to a unix socket, of which `node:dgram` knows nothing. Spec: unix(7). */
export class UnixDatagrams implements Disposable {
  readonly #path: string;
  #fd: number;

  /** Connects; throws SysError where nobody listens. `path` must fit into a sockaddr: 107 bytes. */
  constructor(path: string) {
    this.#path = path;
    this.#fd = connectTo(path);
  }

  /**
   * Sends one, at once: false if the receiver's queue is full just now. Race: where the receiver was started again in
   * between, its new socket is connected to.
   */
  send(bytes: Uint8Array): boolean {
    const result = this.#try(() => Number(sendCall(this.#fd, bytes, bytes.length, MSG_NOSIGNAL)));
    if (result === -EAGAIN) return false;
    if (result < 0) throw new SysError('send', -result, this.#path);
    return true;
  }

  /** As `send`; what is too large for a datagram goes as a file. */
  sendOrPass(bytes: Uint8Array): boolean {
    try {
      return this.send(bytes);
    } catch (error) {
      if (error instanceof SysError && error.errno === EMSGSIZE) return this.#passFile(bytes);
      throw error;
    }
  }

  /** Spec: systemd's native journal protocol: what is too large goes as the descriptor of an unlinked file. */
  #passFile(bytes: Uint8Array): boolean {
    const path = `/dev/shm/minke-journal-${process.pid}-${Date.now()}`;
    const fd = openSync(path, 'wx+', 0o600);
    try {
      rmSync(path);
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      const control = Buffer.alloc(CMSG_HEADER + 8);
      control.writeBigUInt64LE(BigInt(CMSG_HEADER + 4), 0);
      control.writeInt32LE(SOL_SOCKET, 8);
      control.writeInt32LE(SCM_RIGHTS, 12);
      control.writeInt32LE(fd, CMSG_HEADER);
      const message = messageOfBuffers(undefined, control);
      const result = this.#try(() => Number(sendmsgCall(this.#fd, message, MSG_NOSIGNAL)));
      if (result === -EAGAIN) return false;
      if (result < 0) throw new SysError('sendmsg', -result, this.#path);
      return true;
    } finally {
      closeSync(fd);
    }
  }

  #try(send: () => number): number {
    const result = tryCall(send);
    if (result !== -ECONNREFUSED && result !== -ENOTCONN) return result;
    const fresh = connectTo(this.#path);
    closeSync(this.#fd);
    this.#fd = fresh;
    return tryCall(send);
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}

function connectTo(path: string): number {
  const address = unixAddress(path);
  const fd = check('socket', () => socketCall(AF_UNIX, DATAGRAM, 0));
  try {
    check('connect', () => connectCall(fd, address, address.length), path);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
