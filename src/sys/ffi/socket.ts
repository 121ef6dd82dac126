import { constants } from 'node:os';
import { SysError } from '../errors.ts';
import { check, libc, tryCall } from './libc.ts';

const c = {
  socket: libc.func('int socket(int domain, int type, int protocol)'),
  bind: libc.func('int bind(int fd, const void *address, uint length)'),
  setsockopt: libc.func('int setsockopt(int fd, int level, int name, const void *value, uint length)'),
  send: libc.func('intptr_t send(int fd, const void *data, size_t length, int flags)'),
  sendto: libc.func(
    'intptr_t sendto(int fd, const void *data, size_t length, int flags, const void *to, uint toLength)',
  ),
  recv: libc.func('intptr_t recv(int fd, _Out_ void *data, size_t length, int flags)'),
  close: libc.func('int close(int fd)'),
};

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPPROTO_SCTP = 132;

/** A socket, closed on exec. The caller closes it with `closeSocket`. */
export function openSocket(domain: number, type: number, protocol = 0): number {
  return check('socket', () => c.socket(domain, type | SOCK_CLOEXEC, protocol));
}

export function closeSocket(fd: number): void {
  c.close(fd);
}

export function bindSocket(fd: number, address: Uint8Array): void {
  check('bind', () => c.bind(fd, address, address.length));
}

/** Sets an option whose value is an `int`, or raw bytes (a `timeval`). */
export function setSocketOption(fd: number, level: number, name: number, value: number | Uint8Array): void {
  const bytes = typeof value === 'number' ? Buffer.from(new Int32Array([value]).buffer) : value;
  check('setsockopt', () => c.setsockopt(fd, level, name, bytes, bytes.length));
}

export function sendBytes(fd: number, data: Uint8Array): number {
  return check('send', () => Number(c.send(fd, data, data.length, 0)));
}

export function sendBytesTo(fd: number, data: Uint8Array, to: Uint8Array): number {
  return check('sendto', () => Number(c.sendto(fd, data, data.length, 0, to, to.length)));
}

/** As `sendBytes`, from a thread of the pool. */
export async function sendBytesAsync(fd: number, data: Uint8Array): Promise<void> {
  const result = await new Promise<number>((resolve, reject) => {
    c.send.async(fd, data, data.length, 0, (error: unknown, sent: unknown) => {
      if (error) reject(error);
      else resolve(Number(sent));
      // The buffer must live until here: the library does not hold it.
      void data.length;
    });
  });
  // The errno stayed with the other thread.
  if (result < 0) throw new SysError('send', constants.errno.EIO);
}

/** Reads one datagram into `into`. With `flags` MSG_TRUNC the result is its true length. */
export function receiveBytes(fd: number, into: Uint8Array, flags = 0): number {
  return check('recv', () => Number(c.recv(fd, into, into.length, flags)));
}

/**
 * Tests whether a port could be bound: binds a socket and closes it. 0, or the errno (98 EADDRINUSE, 99
 * EADDRNOTAVAIL, 97 EAFNOSUPPORT…). TCP has SO_REUSEADDR, as each server has: TIME_WAIT does not count. A v6 address
 * is tried as v6 only; `both` is all addresses of both families at once.
 */
export function tryBindPort(
  protocol: 'tcp' | 'udp' | 'sctp',
  address: Uint8Array | 'both',
  port: number,
): number {
  const both = address === 'both';
  const v6 = both || address.length === 16;
  const type = protocol === 'udp' ? SOCK_DGRAM : SOCK_STREAM;
  const number = protocol === 'sctp' ? IPPROTO_SCTP : 0;
  const fd = tryCall(() => c.socket(v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, number));
  if (fd < 0) return -fd;
  try {
    // A host's default may be either; asking costs as much as setting.
    if (v6) setSocketOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, both ? 0 : 1);
    const where = both
      ? sockaddrIn6(ANY6, port)
      : v6
        ? sockaddrIn6(address, port)
        : sockaddrIn(address, port);
    const bind = () =>
      -Math.min(
        0,
        tryCall(() => c.bind(fd, where, where.length)),
      );
    const errno = bind();
    if (errno !== constants.errno.EADDRINUSE || protocol === 'udp') return errno;
    // Thousands of ports may be asked for, and hardly any is in TIME_WAIT.
    setSocketOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    return bind();
  } finally {
    c.close(fd);
  }
}

const ANY6 = new Uint8Array(16);

export function sockaddrIn(address: Uint8Array, port: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt16LE(AF_INET, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(address, 4);
  return bytes;
}

export function sockaddrIn6(address: Uint8Array, port: number, scope = 0): Buffer {
  const bytes = Buffer.alloc(28);
  bytes.writeUInt16LE(AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(address, 8);
  bytes.writeUInt32LE(scope, 24);
  return bytes;
}
