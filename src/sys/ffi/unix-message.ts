import { koffi } from './koffi.ts';

/** What sendmsg(2) and recvmsg(2) take, and addresses of unix sockets. Spec: recvmsg(2), cmsg(3), unix(7). */
const iovec = koffi.struct({ base: 'void *', length: 'size_t' });
export const msghdr = koffi.struct({
  name: 'void *',
  nameLength: 'uint32_t',
  iov: koffi.pointer(iovec),
  iovLength: 'size_t',
  control: 'void *',
  controlLength: 'size_t',
  flags: 'int',
});

export const AF_UNIX = 1;
export const SOL_SOCKET = 1;
export const SCM_RIGHTS = 1;
/** Bytes before the data of a control message: size_t length, int level, int type. */
export const CMSG_HEADER = 16;

/** A sockaddr_un; `path` must fit into it: 107 bytes. */
export function unixAddress(path: string): Buffer {
  const address = Buffer.alloc(110);
  address.writeUInt16LE(AF_UNIX, 0);
  address.write(path, 2, 107);
  return address;
}

/** A message of `data`, if there is any, with room for, or with, the control message in `control`. */
export function messageOfBuffers(data: Buffer | undefined, control: Buffer) {
  return {
    name: null,
    nameLength: 0,
    iov: { base: data ?? null, length: data?.length ?? 0 },
    iovLength: data ? 1 : 0,
    control,
    controlLength: control.length,
    flags: 0,
  };
}
