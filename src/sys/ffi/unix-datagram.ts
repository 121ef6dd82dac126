import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { SysError } from '../errors.ts';
import { koffi } from './koffi.ts';
import { check, libc, tryCall } from './libc.ts';

const socketCall = libc.func('int socket(int domain, int type, int protocol)');
const connectCall = libc.func('int connect(int fd, const void *address, uint32_t length)');
const sendCall = libc.func('intptr_t send(int fd, const void *data, size_t length, int flags)');
const iovec = koffi.struct({ base: 'void *', length: 'size_t' });
const msghdr = koffi.struct({
  name: 'void *',
  nameLength: 'uint32_t',
  iov: koffi.pointer(iovec),
  iovLength: 'size_t',
  control: 'void *',
  controlLength: 'size_t',
  flags: 'int',
});
const sendmsgCall = libc.func('sendmsg', 'intptr_t', ['int', koffi.pointer(msghdr), 'int']);

const AF_UNIX = 1;
const DATAGRAM = 2 | 0o2000000 | 0o4000;
const MSG_NOSIGNAL = 0x4000;
const EAGAIN = 11;
const EMSGSIZE = 90;
const ENOTCONN = 107;
const ECONNREFUSED = 111;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;

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

  /** Whether a datagram of that size can be sent at all (then `send` it), by trying. */
  sendOrPass(bytes: Uint8Array): boolean {
    const result = this.#try(() => Number(sendCall(this.#fd, bytes, bytes.length, MSG_NOSIGNAL)));
    if (result === -EAGAIN) return false;
    if (result === -EMSGSIZE) return this.#passFile(bytes);
    if (result < 0) throw new SysError('send', -result, this.#path);
    return true;
  }

  /** Spec: systemd's native journal protocol: what is too large goes as the descriptor of an unlinked file. */
  #passFile(bytes: Uint8Array): boolean {
    const path = `/dev/shm/minke-journal-${process.pid}-${Date.now()}`;
    const fd = openSync(path, 'wx+', 0o600);
    try {
      rmSync(path);
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      const control = Buffer.alloc(24);
      control.writeBigUInt64LE(20n, 0);
      control.writeInt32LE(SOL_SOCKET, 8);
      control.writeInt32LE(SCM_RIGHTS, 12);
      control.writeInt32LE(fd, 16);
      const message = {
        name: null,
        nameLength: 0,
        iov: { base: null, length: 0 },
        iovLength: 0,
        control,
        controlLength: control.length,
        flags: 0,
      };
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
  const address = Buffer.alloc(110);
  address.writeUInt16LE(AF_UNIX, 0);
  address.write(path, 2, 107);
  const fd = check('socket', () => socketCall(AF_UNIX, DATAGRAM, 0));
  try {
    check('connect', () => connectCall(fd, address, address.length), path);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
