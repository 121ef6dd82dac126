import { SysError } from '../errors.ts';
import { type AddressBytes, bytesOf, familyOf } from './address-bytes.ts';
import {
  IFF_UP,
  IFLA_ADDRESS,
  IFLA_IFALIAS,
  IFLA_IFNAME,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_LINK,
  IFLA_LINKINFO,
  IFLA_MTU,
  IFLA_NET_NS_FD,
  linkHeader,
  macBytes,
  newLink,
  RTM_NEWLINK,
} from './link-message.ts';
import { NetlinkMessage, NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_REPLACE } from './netlink-message.ts';
import { attributeText, parseAttributes, type ReceivedMessage } from './netlink-parse.ts';
import { NETLINK_ROUTE, NetlinkSocket } from './netlink-socket.ts';

/** rtnetlink(7): links, addresses, routes. Messages are made by pure functions, and sent by `Rtnetlink`. */

const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
const RTM_NEWROUTE = 24;
const RTM_GETROUTE = 26;

const IFLA_MASTER = 10;
const IFLA_EXT_MASK = 29;
const IFLA_LINK_NETNSID = 37;
const RTEXT_FILTER_SKIP_STATS = 8;
const IFLA_INFO_SLAVE_KIND = 4;
const IFLA_INFO_SLAVE_DATA = 5;
const VETH_INFO_PEER = 1;
const IFLA_BRPORT_MODE = 4;
const IFLA_BRPORT_ISOLATED = 33;
const IFLA_BR_NF_CALL_IPTABLES = 36;
const IFLA_BR_NF_CALL_IP6TABLES = 37;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const IFA_F_NODAD = 0x02;
const IFA_F_DADFAILED = 0x08;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const AF_INET = 2;
const AF_INET6 = 10;
const TABLE_MAIN = 254;
const RTPROT_RA = 9;

export interface Link {
  index: number;
  name: string;
  /** Index of the bridge it is a port of, or 0. */
  master: number;
  up: boolean;
  mtu: number;
  mac: string;
  /** `bridge`, `veth`, …, or ''. */
  kind: string;
  /** What somebody wrote on it, or ''. */
  alias: string;
  /** Index of the link it stands on (a VLAN on its interface), or 0. */
  parent: number;
  /** The link it stands on is in another namespace. */
  parentElsewhere: boolean;
}

export interface InterfaceAddress {
  index: number;
  address: AddressBytes;
  prefixLength: number;
}

export interface FoundAddress {
  index: number;
  /** Four or sixteen. */
  bytes: Buffer;
  prefixLength: number;
  /** Duplicate address detection found another host with it: the kernel does not use it. */
  duplicate: boolean;
}

export interface Route {
  /** Four or sixteen bytes. */
  destination: Buffer;
  prefixLength: number;
  /** Index of its interface. */
  index: number;
  /** Its destinations are neighbours, not behind a gateway. */
  onLink: boolean;
  /** A router said so (IPv6). */
  advertised: boolean;
}

export interface VethOptions {
  /** Name on the host, its bridge's index. */
  name: string;
  master: number;
  /** The other end: its namespace, name, hardware address. */
  netns: number;
  peer: string;
  mac: string;
  mtu: number | undefined;
}

/** A new bridge, up. EEXIST if the name is taken. */
export function addBridge(name: string, mac: string, mtu: number | undefined): NetlinkMessage {
  const message = newLink(`add bridge ${name}`, name, true).attr(IFLA_ADDRESS, macBytes(mac));
  if (mtu !== undefined) message.u32(IFLA_MTU, mtu);
  return message.nest(IFLA_LINKINFO, (info) => info.text(IFLA_INFO_KIND, 'bridge'));
}

/** Has the bridge's own frames go through the IP hooks of netfilter, whatever the host's switch says (br_netfilter). */
export function filterBridgedPackets(index: number): NetlinkMessage {
  const message = new NetlinkMessage(`filter bridge ${index}`, RTM_NEWLINK, NLM_F_ACK, linkHeader(index));
  return message.nest(IFLA_LINKINFO, (info) => {
    info.text(IFLA_INFO_KIND, 'bridge');
    info.nest(IFLA_INFO_DATA, (data) =>
      data.u8(IFLA_BR_NF_CALL_IPTABLES, 1).u8(IFLA_BR_NF_CALL_IP6TABLES, 1),
    );
  });
}

/** A veth pair, both ends down: this one a port of a bridge, the other in another namespace. */
export function addVeth(options: VethOptions): NetlinkMessage {
  const message = newLink(`add veth ${options.name}`, options.name).u32(IFLA_MASTER, options.master);
  if (options.mtu !== undefined) message.u32(IFLA_MTU, options.mtu);
  return message.nest(IFLA_LINKINFO, (info) => {
    info.text(IFLA_INFO_KIND, 'veth');
    info.nest(IFLA_INFO_DATA, (data) => {
      data.nest(
        VETH_INFO_PEER,
        (peer) => {
          peer.text(IFLA_IFNAME, options.peer).attr(IFLA_ADDRESS, macBytes(options.mac));
          if (options.mtu !== undefined) peer.u32(IFLA_MTU, options.mtu);
          peer.u32(IFLA_NET_NS_FD, options.netns);
        },
        linkHeader(0),
      );
    });
  });
}

/**
 * A bridge port, which it must be already, and up: `hairpin` sends frames back where they came from; `isolated` ports
 * do not hear of each other.
 */
export function setBridgePort(name: string, port: { hairpin: boolean; isolated: boolean }): NetlinkMessage {
  const message = new NetlinkMessage(`set bridge port ${name}`, RTM_NEWLINK, NLM_F_ACK, linkHeader(0, true));
  return message.text(IFLA_IFNAME, name).nest(IFLA_LINKINFO, (info) => {
    info.text(IFLA_INFO_SLAVE_KIND, 'bridge');
    info.nest(IFLA_INFO_SLAVE_DATA, (data) => {
      data.u8(IFLA_BRPORT_MODE, port.hairpin ? 1 : 0).u8(IFLA_BRPORT_ISOLATED, port.isolated ? 1 : 0);
    });
  });
}

/** By index, or by name. */
export function setLink(
  link: number | string,
  change: { up?: boolean; mtu?: number; master?: number },
): NetlinkMessage {
  const header = linkHeader(typeof link === 'number' ? link : 0, change.up);
  const message = new NetlinkMessage(`set link ${link}`, RTM_NEWLINK, NLM_F_ACK, header);
  if (typeof link === 'string') message.text(IFLA_IFNAME, link);
  if (change.master !== undefined) message.u32(IFLA_MASTER, change.master);
  if (change.mtu !== undefined) message.u32(IFLA_MTU, change.mtu);
  return message;
}

/** By index, or by name. */
export function deleteLink(link: number | string): NetlinkMessage {
  const header = linkHeader(typeof link === 'number' ? link : 0);
  const message = new NetlinkMessage(`delete link ${link}`, RTM_DELLINK, NLM_F_ACK, header);
  return typeof link === 'number' ? message : message.text(IFLA_IFNAME, link);
}

function addressMessage(
  what: string,
  type: number,
  flags: number,
  address: InterfaceAddress,
  ifaFlags = 0,
): NetlinkMessage {
  const bytes = bytesOf(address.address);
  const header = Buffer.alloc(8);
  header[0] = familyOf(bytes);
  header[1] = address.prefixLength;
  header[2] = ifaFlags;
  header.writeUInt32LE(address.index, 4);
  const name = bytes.length === 16 ? bytes.toString('hex') : bytes.join('.');
  const message = new NetlinkMessage(`${what} ${name}`, type, NLM_F_ACK | flags, header);
  message.attr(IFA_LOCAL, bytes).attr(IFA_ADDRESS, bytes);
  const hostBits = 32 - address.prefixLength;
  if (type === RTM_NEWADDR && bytes.length === 4 && hostBits > 1) {
    const broadcast = (bytes.readUInt32BE() | (2 ** hostBits - 1)) >>> 0;
    message.be32(IFA_BROADCAST, broadcast);
  }
  return message;
}

/**
 * `checked`: whether nobody else has it was seen to (IPv6: no duplicate address detection, usable at once).
 * A prefix of another length does not replace the same IPv6 address.
 */
export function addAddress(address: InterfaceAddress, { checked = false } = {}): NetlinkMessage {
  const flags = NLM_F_CREATE | NLM_F_REPLACE;
  return addressMessage('add address', RTM_NEWADDR, flags, address, checked ? IFA_F_NODAD : 0);
}

export function deleteAddress(address: InterfaceAddress): NetlinkMessage {
  return addressMessage('delete address', RTM_DELADDR, 0, address);
}

/** undefined if the message is not a whole link. */
export function parseLink(message: ReceivedMessage): Link | undefined {
  if (message.type !== RTM_NEWLINK || message.payload.length < 16) return undefined;
  const attributes = parseAttributes(message.payload.subarray(16));
  const info = attributes.get(IFLA_LINKINFO);
  return {
    index: message.payload.readInt32LE(4),
    up: (message.payload.readUInt32LE(8) & IFF_UP) !== 0,
    name: attributeText(attributes.get(IFLA_IFNAME)),
    master: readU32(attributes.get(IFLA_MASTER)),
    mtu: readU32(attributes.get(IFLA_MTU)),
    mac:
      attributes
        .get(IFLA_ADDRESS)
        ?.toString('hex')
        .replace(/..(?=.)/g, '$&:') ?? '',
    kind: info ? attributeText(parseAttributes(info).get(IFLA_INFO_KIND)) : '',
    alias: attributeText(attributes.get(IFLA_IFALIAS)),
    parent: readU32(attributes.get(IFLA_LINK)),
    parentElsewhere: attributes.has(IFLA_LINK_NETNSID),
  };
}

/** undefined if the message is not a whole address. */
export function parseAddress(message: ReceivedMessage): FoundAddress | undefined {
  const { type, payload } = message;
  if (type !== RTM_NEWADDR || payload.length < 8) return undefined;
  const v6 = payload[0] === AF_INET6;
  if (!v6 && payload[0] !== AF_INET) return undefined;
  const attributes = parseAttributes(payload.subarray(8));
  const bytes = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
  if (bytes?.length !== (v6 ? 16 : 4)) return undefined;
  return {
    index: payload.readUInt32LE(4),
    bytes,
    prefixLength: payload[1] ?? 0,
    duplicate: v6 && ((payload[2] ?? 0) & IFA_F_DADFAILED) !== 0,
  };
}

/** undefined if the message is not a route of the main table. */
export function parseRoute(message: ReceivedMessage): Route | undefined {
  const { type, payload } = message;
  if (type !== RTM_NEWROUTE || payload.length < 12 || payload[4] !== TABLE_MAIN) return undefined;
  const attributes = parseAttributes(payload.subarray(12));
  const length = payload[0] === AF_INET ? 4 : 16;
  const destination = attributes.get(RTA_DST) ?? Buffer.alloc(length);
  if (destination.length !== length) return undefined;
  return {
    destination,
    prefixLength: payload[1] ?? 0,
    index: readU32(attributes.get(RTA_OIF)),
    onLink: !attributes.has(RTA_GATEWAY),
    advertised: payload[5] === RTPROT_RA,
  };
}

function readU32(value: Buffer | undefined): number {
  return value && value.length >= 4 ? value.readUInt32LE(0) : 0;
}

/** An rtnetlink socket of the namespace in which it was opened. */
export class Rtnetlink extends NetlinkSocket {
  constructor() {
    super(NETLINK_ROUTE);
  }

  /** The link of this name, if there is one. */
  link(name: string): Link | undefined {
    const message = new NetlinkMessage(`get link ${name}`, RTM_GETLINK, 0, linkHeader(0));
    message.text(IFLA_IFNAME, name).u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    try {
      const [answer] = this.ask(message);
      return answer && parseLink(answer);
    } catch (error) {
      if (error instanceof SysError && error.code === 'ENODEV') return undefined;
      throw error;
    }
  }

  /** All links: only for start and repair. */
  links(): Link[] {
    const message = new NetlinkMessage('list links', RTM_GETLINK, NLM_F_DUMP, linkHeader(0));
    message.u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    return this.ask(message).flatMap((answer) => parseLink(answer) ?? []);
  }

  /** The addresses of all links, of both families: only for start and repair. */
  addresses(): FoundAddress[] {
    const message = new NetlinkMessage('list addresses', RTM_GETADDR, NLM_F_DUMP, Buffer.alloc(8));
    return this.ask(message).flatMap((answer) => parseAddress(answer) ?? []);
  }

  /** The routes of the main table, of both families. Why not in a container's start: a host may have thousands. */
  routes(): Route[] {
    return [AF_INET, AF_INET6].flatMap((family) => {
      const header = Buffer.alloc(12);
      header[0] = family;
      const message = new NetlinkMessage('list routes', RTM_GETROUTE, NLM_F_DUMP, header);
      return this.ask(message).flatMap((answer) => parseRoute(answer) ?? []);
    });
  }
}
