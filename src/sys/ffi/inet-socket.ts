import { check, libc, tryCall } from './libc.ts';
import { closeSocket, sockaddrIn, sockaddrIn6 } from './socket.ts';

/** Non-blocking UDP and TCP sockets, for who waits for them by an `Epoll` of its own. */

const c = {
  socket: libc.func('int socket(int domain, int type, int protocol)'),
  bind: libc.func('int bind(int fd, const void *address, uint length)'),
  listen: libc.func('int listen(int fd, int backlog)'),
  connect: libc.func('int connect(int fd, const void *address, uint length)'),
  accept4: libc.func('int accept4(int fd, void *address, void *length, int flags)'),
  getsockname: libc.func('int getsockname(int fd, _Out_ void *address, _Inout_ uint *length)'),
  recvfrom: libc.func(
    'intptr_t recvfrom(int fd, void *data, size_t length, int flags, void *from, void *fromLength)',
  ),
  sendto: libc.func(
    'intptr_t sendto(int fd, const void *data, size_t length, int flags, const void *to, uint toLength)',
  ),
  recv: libc.func('intptr_t recv(int fd, void *data, size_t length, int flags)'),
  send: libc.func('intptr_t send(int fd, const void *data, size_t length, int flags)'),
};

const AF_INET = 2;
const AF_INET6 = 10;
const TYPES = { tcp: 1, udp: 2 } as const;
const SOCK_FLAGS = 0o2004000;
const MSG_NOSIGNAL = 0x4000;
const MSG_TRUNC = 0x20;
const EINPROGRESS = 115;
const BACKLOG = 64;

/** An IPv4 address as a socket has it: sixteen bytes. */
export const SOCKADDR_SIZE = 16;

/** A socket bound to a free port of an IPv4 address; of TCP, it listens. The caller closes it with `closeFd`. */
export function openInetServer(protocol: 'udp' | 'tcp', address: Uint8Array): { fd: number; port: number } {
  const fd = check('socket', () => c.socket(AF_INET, TYPES[protocol] | SOCK_FLAGS, 0));
  try {
    const where = sockaddrIn(address, 0);
    check('bind', () => c.bind(fd, where, where.length));
    if (protocol === 'tcp') check('listen', () => c.listen(fd, BACKLOG));
    const bound = Buffer.alloc(SOCKADDR_SIZE);
    check('getsockname', () => c.getsockname(fd, bound, [bound.length]));
    return { fd, port: bound.readUInt16BE(2) };
  } catch (error) {
    closeSocket(fd);
    throw error;
  }
}

/**
 * A socket on its way to a port of an address of either family, `scope` being the interface of a link-local one. TCP is
 * connected, or has failed, when it becomes writable: sending tells which. The caller closes it with `closeFd`.
 */
export function connectInet(protocol: 'udp' | 'tcp', to: Uint8Array, port: number, scope = 0): number {
  const v6 = to.length === 16;
  const fd = check('socket', () => c.socket(v6 ? AF_INET6 : AF_INET, TYPES[protocol] | SOCK_FLAGS, 0));
  const where = v6 ? sockaddrIn6(to, port, scope) : sockaddrIn(to, port);
  const result = tryCall(() => c.connect(fd, where, where.length));
  if (result === 0 || result === -EINPROGRESS) return fd;
  closeSocket(fd);
  return check('connect', () => result);
}

/** The next connection of a listening socket, or `-errno`: EAGAIN when there is none. */
export function acceptInet(fd: number): number {
  return tryCall(() => c.accept4(fd, null, null, SOCK_FLAGS));
}

const fromLength = new Uint32Array(1);
const fromLengthBytes = new Uint8Array(fromLength.buffer);

/**
 * One datagram of an IPv4 socket into `buffer`, its sender into `from` (SOCKADDR_SIZE). Gives its true length, which
 * may be more than was read, or `-errno`.
 */
export function receiveFrom(fd: number, buffer: Uint8Array, from: Uint8Array): number {
  return tryCall(() => {
    fromLength[0] = from.length;
    return Number(c.recvfrom(fd, buffer, buffer.length, MSG_TRUNC, from, fromLengthBytes));
  });
}

/** Sends a datagram to whom `receiveFrom` told of; gives `-errno` on error. */
export function sendTo(fd: number, data: Uint8Array, to: Uint8Array): number {
  return tryCall(() => Number(c.sendto(fd, data, data.length, MSG_NOSIGNAL, to, to.length)));
}

/** recv(2) on a connected socket; gives 0 at its end, and `-errno` on error. */
export function receiveSome(fd: number, buffer: Uint8Array): number {
  return tryCall(() => Number(c.recv(fd, buffer, buffer.length, 0)));
}

/** send(2) on a connected socket, of as much as it takes; gives `-errno` on error. */
export function sendSome(fd: number, data: Uint8Array): number {
  return tryCall(() => Number(c.send(fd, data, data.length, MSG_NOSIGNAL)));
}
