import { closeSync, rmSync } from 'node:fs';
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
const bindCall = libc.func('int bind(int fd, const void *address, uint32_t length)');
const listenCall = libc.func('int listen(int fd, int backlog)');
const acceptCall = libc.func('int accept4(int fd, void *address, void *length, int flags)');

const recvmsgCall = libc.func('recvmsg', 'long', ['int', koffi.inout(koffi.pointer(msghdr)), 'int']);

const SOCK_FLAGS = 1 | 0o2000000 | 0o4000;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
const MSG_DONTWAIT = 0x40;

/** A listening unix socket on which another process hands over one descriptor (an OCI runtime's `--console-socket`). */
export class DescriptorReceiver implements Disposable {
  readonly path: string;
  readonly #listener: number;

  /** `path` must fit into a sockaddr: 107 bytes. */
  constructor(path: string) {
    this.path = path;
    const address = unixAddress(path);
    this.#listener = check('socket', () => socketCall(AF_UNIX, SOCK_FLAGS, 0));
    try {
      check('bind', () => bindCall(this.#listener, address, address.length), path);
      check('listen', () => listenCall(this.#listener, 1), path);
    } catch (error) {
      closeSync(this.#listener);
      throw error;
    }
  }

  /** The descriptor that was sent, if it was by now; ours to close. Does not wait: ask once the sender has ended. */
  take(): number | undefined {
    const connection = tryCall(() => acceptCall(this.#listener, null, null, SOCK_FLAGS & ~1));
    if (connection < 0) return undefined;
    try {
      return receiveDescriptor(connection);
    } finally {
      closeSync(connection);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#listener);
    rmSync(this.path, { force: true });
  }
}

function receiveDescriptor(connection: number): number | undefined {
  const data = Buffer.alloc(4096);
  const control = Buffer.alloc(CMSG_HEADER + 8);
  const message = messageOfBuffers(data, control);
  const length = tryCall(() => Number(recvmsgCall(connection, message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT)));
  if (length < 0 || Number(message.controlLength) < CMSG_HEADER + 4) return undefined;
  // Spec: cmsg(3): size_t length, int level, int type, then the descriptors.
  if (control.readInt32LE(8) !== SOL_SOCKET || control.readInt32LE(12) !== SCM_RIGHTS) return undefined;
  return control.readInt32LE(CMSG_HEADER);
}
