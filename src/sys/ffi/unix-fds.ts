import { closeSync, rmSync } from 'node:fs';
import { koffi } from './koffi.ts';
import { check, libc, tryCall } from './libc.ts';

const socketCall = libc.func('int socket(int domain, int type, int protocol)');
const bindCall = libc.func('int bind(int fd, const void *address, uint32_t length)');
const listenCall = libc.func('int listen(int fd, int backlog)');
const acceptCall = libc.func('int accept4(int fd, void *address, void *length, int flags)');

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
const recvmsgCall = libc.func('recvmsg', 'long', ['int', koffi.inout(koffi.pointer(msghdr)), 'int']);

const AF_UNIX = 1;
const SOCK_FLAGS = 1 | 0o2000000 | 0o4000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_CMSG_CLOEXEC = 0x4000_0000;
const MSG_DONTWAIT = 0x40;
const CMSG_HEADER = 16;

/** A listening unix socket on which another process hands over one descriptor (an OCI runtime's `--console-socket`). */
export class DescriptorReceiver implements Disposable {
  readonly path: string;
  readonly #listener: number;

  /** `path` must fit into a sockaddr: 107 bytes. */
  constructor(path: string) {
    this.path = path;
    const address = Buffer.alloc(110);
    address.writeUInt16LE(AF_UNIX, 0);
    address.write(path, 2, 107);
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
  const message = {
    name: null,
    nameLength: 0,
    iov: { base: data, length: data.length },
    iovLength: 1,
    control,
    controlLength: control.length,
    flags: 0,
  };
  const length = tryCall(() => Number(recvmsgCall(connection, message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT)));
  if (length < 0 || Number(message.controlLength) < CMSG_HEADER + 4) return undefined;
  // Spec: cmsg(3): size_t length, int level, int type, then the descriptors.
  if (control.readInt32LE(8) !== SOL_SOCKET || control.readInt32LE(12) !== SCM_RIGHTS) return undefined;
  return control.readInt32LE(CMSG_HEADER);
}
