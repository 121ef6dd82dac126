import { NetlinkMessage } from './netlink-message.ts';

/** What all messages of nfnetlink have in common. */

export const SUBSYS_NFTABLES = 10 << 8;
export const NFPROTO_INET = 1;
export const NFPROTO_IPV4 = 2;
export const NFPROTO_IPV6 = 10;

const BATCH_BEGIN = 16;
const BATCH_END = 17;

/** The header of the family: address family, version 0, and what the message is for (subsystem, queue or group). */
export function netfilterHeader(family: number, resource = 0): Buffer {
  const bytes = Buffer.alloc(4);
  bytes[0] = family;
  bytes.writeUInt16BE(resource, 2);
  return bytes;
}

/** The messages of a transaction, between its begin and end. */
export function batch(messages: readonly NetlinkMessage[]): NetlinkMessage[] {
  const frame = netfilterHeader(0, SUBSYS_NFTABLES >> 8);
  return [
    new NetlinkMessage('begin', BATCH_BEGIN, 0, frame),
    ...messages,
    new NetlinkMessage('end', BATCH_END, 0, frame),
  ];
}
