import {
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
import { NetlinkMessage, NLM_F_ACK, NLM_F_CREATE, NLM_F_EXCL } from './netlink-message.ts';

/** Links that stand on another link (Spec: linux/if_link.h). All are made down unless said otherwise. */

const IFLA_MACVLAN_MODE = 1;
const IFLA_IPVLAN_MODE = 1;
const IFLA_IPVLAN_FLAGS = 2;
const IFLA_VLAN_ID = 1;

const MACVLAN_MODES = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;
const IPVLAN_MODES = { l2: 0, l3: 1, l3s: 2 } as const;
const IPVLAN_FLAGS = { bridge: 0, private: 1, vepa: 2 } as const;

export type MacvlanMode = keyof typeof MACVLAN_MODES;
export type IpvlanMode = keyof typeof IPVLAN_MODES;
export type IpvlanFlag = keyof typeof IPVLAN_FLAGS;

export const isMacvlanMode = (mode: string): mode is MacvlanMode => Object.hasOwn(MACVLAN_MODES, mode);
export const isIpvlanMode = (mode: string): mode is IpvlanMode => Object.hasOwn(IPVLAN_MODES, mode);
export const isIpvlanFlag = (flag: string): flag is IpvlanFlag => Object.hasOwn(IPVLAN_FLAGS, flag);

interface StandingLink {
  /** Name in its namespace. */
  name: string;
  /** Index of the link it stands on, in the namespace of the socket. */
  parent: number;
  /** A descriptor of the namespace in which it is made. */
  netns: number;
  mtu: number | undefined;
}

function standing(kind: string, { name, parent, netns, mtu }: StandingLink): NetlinkMessage {
  const message = newLink(`add ${kind} ${name}`, name).u32(IFLA_LINK, parent);
  if (mtu !== undefined) message.u32(IFLA_MTU, mtu);
  return message.u32(IFLA_NET_NS_FD, netns);
}

/** A macvlan, made straight in the namespace of a container. Without `mac` it gets a random one, or its parent's. */
export function addMacvlan(
  link: StandingLink & { mac: string | undefined; mode: MacvlanMode },
): NetlinkMessage {
  const message = standing('macvlan', link);
  if (link.mac !== undefined) message.attr(IFLA_ADDRESS, macBytes(link.mac));
  return message.nest(IFLA_LINKINFO, (info) => {
    info.text(IFLA_INFO_KIND, 'macvlan');
    info.nest(IFLA_INFO_DATA, (data) => data.u32(IFLA_MACVLAN_MODE, MACVLAN_MODES[link.mode]));
  });
}

/** An ipvlan, made straight in the namespace of a container; its hardware address is its parent's. */
export function addIpvlan(link: StandingLink & { mode: IpvlanMode; flag: IpvlanFlag }): NetlinkMessage {
  return standing('ipvlan', link).nest(IFLA_LINKINFO, (info) => {
    info.text(IFLA_INFO_KIND, 'ipvlan');
    info.nest(IFLA_INFO_DATA, (data) => {
      data.u16(IFLA_IPVLAN_MODE, IPVLAN_MODES[link.mode]).u16(IFLA_IPVLAN_FLAGS, IPVLAN_FLAGS[link.flag]);
    });
  });
}

/** A VLAN of an interface, up. */
export function addVlan(name: string, parent: number, vlan: number): NetlinkMessage {
  return newLink(`add vlan ${name}`, name, true)
    .u32(IFLA_LINK, parent)
    .nest(IFLA_LINKINFO, (info) => {
      info.text(IFLA_INFO_KIND, 'vlan');
      info.nest(IFLA_INFO_DATA, (data) => data.u16(IFLA_VLAN_ID, vlan));
    });
}

/** An interface that leads nowhere, up. */
export function addDummy(name: string): NetlinkMessage {
  const message = newLink(`add dummy ${name}`, name, true);
  return message.nest(IFLA_LINKINFO, (info) => info.text(IFLA_INFO_KIND, 'dummy'));
}

/** Writes on a link what it is for; it comes back as `Link.alias`. */
export function setLinkAlias(name: string, alias: string): NetlinkMessage {
  const message = new NetlinkMessage(`set alias of ${name}`, RTM_NEWLINK, NLM_F_ACK, linkHeader(0));
  return message.text(IFLA_IFNAME, name).attr(IFLA_IFALIAS, Buffer.from(alias));
}

/**
 * A request that makes nothing: the kernel knows the kind if it finds fault with something else (EINVAL: there is no
 * parent) than with it (EOPNOTSUPP). It loads the module, if there is one.
 */
export function probeLinkKind(kind: 'macvlan' | 'ipvlan'): NetlinkMessage {
  const flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
  const message = new NetlinkMessage(`probe ${kind}`, RTM_NEWLINK, flags, linkHeader(0));
  return message.nest(IFLA_LINKINFO, (info) => info.text(IFLA_INFO_KIND, kind));
}
