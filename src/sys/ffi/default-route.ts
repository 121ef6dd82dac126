import { type AddressBytes, bytesOf, familyOf } from './address-bytes.ts';
import { NetlinkMessage, NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from './netlink-message.ts';

/** rtnetlink(7): the default route of a namespace, of one family. */

const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const AF_INET = 2;
const AF_INET6 = 10;
const TABLE_MAIN = 254;
/** As `ip route` makes them. */
const PROTOCOL_BOOT = 3;
const UNICAST = 1;
const SCOPE_LINK = 253;

/** EEXIST if there is one. A `gateway` of zeros: all is reached straight by the interface. */
export function addDefaultRoute(index: number, gateway: AddressBytes): NetlinkMessage {
  return routeBy('add default route', NLM_F_CREATE | NLM_F_EXCL, index, gateway);
}

/** In place of the one that is there, if there is one. */
export function replaceDefaultRoute(index: number, gateway: AddressBytes): NetlinkMessage {
  return routeBy('set default route', NLM_F_CREATE | NLM_F_REPLACE, index, gateway);
}

/** ESRCH if there is none. */
export function deleteDefaultRoute(family: 4 | 6): NetlinkMessage {
  const header = routeHeader(family === 4 ? AF_INET : AF_INET6);
  return new NetlinkMessage('delete default route', RTM_DELROUTE, NLM_F_ACK, header);
}

function routeBy(what: string, flags: number, index: number, gateway: AddressBytes): NetlinkMessage {
  const bytes = bytesOf(gateway);
  const header = routeHeader(familyOf(bytes));
  const onLink = bytes.every((byte) => byte === 0);
  if (onLink) header[6] = SCOPE_LINK;
  const message = new NetlinkMessage(what, RTM_NEWROUTE, NLM_F_ACK | flags, header);
  if (!onLink) message.attr(RTA_GATEWAY, bytes);
  return message.u32(RTA_OIF, index);
}

function routeHeader(family: number): Buffer {
  const header = Buffer.alloc(12);
  header[0] = family;
  header[4] = TABLE_MAIN;
  header[5] = PROTOCOL_BOOT;
  header[7] = UNICAST;
  return header;
}
