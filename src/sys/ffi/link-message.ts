import { NetlinkMessage, NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL } from './netlink-message.ts';

/** What all rtnetlink messages about links share. */

export const RTM_NEWLINK = 16;

export const IFLA_ADDRESS = 1;
export const IFLA_IFNAME = 3;
export const IFLA_MTU = 4;
export const IFLA_LINK = 5;
export const IFLA_LINKINFO = 18;
export const IFLA_IFALIAS = 20;
export const IFLA_NET_NS_FD = 28;
export const IFLA_INFO_KIND = 1;
export const IFLA_INFO_DATA = 2;
export const IFF_UP = 1;

/** `struct ifinfomsg`: of a link by index, or 0; with `up`, whether it is to be up. */
export function linkHeader(index: number, up?: boolean): Buffer {
  const header = Buffer.alloc(16);
  header.writeInt32LE(index, 4);
  if (up !== undefined) {
    header.writeUInt32LE(up ? IFF_UP : 0, 8);
    header.writeUInt32LE(IFF_UP, 12);
  }
  return header;
}

export const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex');

/** The beginning of a message that makes a link. EEXIST if the name is taken. */
export function newLink(what: string, name: string, up?: boolean): NetlinkMessage {
  const flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
  return new NetlinkMessage(what, RTM_NEWLINK, flags, linkHeader(0, up)).text(IFLA_IFNAME, name);
}
