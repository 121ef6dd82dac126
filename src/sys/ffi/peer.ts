import type { Socket } from 'node:net';
import { koffi } from './koffi.ts';
import { libc, tryCall } from './libc.ts';

const ucred = koffi.struct({ pid: 'int', uid: 'uint32_t', gid: 'uint32_t' });
const getsockoptCall = libc.func('getsockopt', 'int', [
  'int',
  'int',
  'int',
  koffi.out(koffi.pointer(ucred)),
  koffi.inout(koffi.pointer('uint32_t')),
]);

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const UCRED_BYTES = 12;

/** Who was at the other end of a unix socket when it connected. Spec: unix(7), SO_PEERCRED. */
export interface Peer {
  pid: number;
  uid: number;
  gid: number;
}

/** Undefined for a socket of another kind, or where the runtime does not tell its descriptor. */
export function peerOf(socket: Socket): Peer | undefined {
  const fd = (socket as { _handle?: { fd?: unknown } })._handle?.fd;
  if (typeof fd !== 'number' || fd < 0) return undefined;
  const peer: Partial<Peer> = {};
  if (tryCall(() => getsockoptCall(fd, SOL_SOCKET, SO_PEERCRED, peer, [UCRED_BYTES])) < 0) return undefined;
  // Of a TCP socket there is nobody.
  return peer.pid ? { pid: peer.pid, uid: peer.uid ?? 0, gid: peer.gid ?? 0 } : undefined;
}
