import { constants } from 'node:os';
import { EngineError } from '../../base/mod.ts';
import {
  addDummy,
  addVlan,
  errnoWords,
  type Link,
  type NetlinkMessage,
  probeLinkKind,
  type Rtnetlink,
  SysError,
  setLinkAlias,
} from '../../sys/mod.ts';
import type { LinkNetwork } from '../net.ts';
import { dummyParent } from './link-options.ts';

/**
 * The interface of the host that a macvlan or ipvlan network stands on: one that is there, or a VLAN of one
 * (`eth0.10`), or one that leads nowhere. Those made here bear an alias, by which they are told from the user's own.
 * Compat: rules and sentences of moby's libnetwork/drivers/{macvlan,ipvlan}; all of them are 500 there.
 */

/** Name of the interface that a network stands on. */
export function parentOf({ driver, id, parent }: LinkNetwork): string {
  return parent || dummyParent(driver, id);
}

/** Whether `network` may stand on its parent beside `others`. */
export function checkParentUse(network: LinkNetwork, others: Iterable<LinkNetwork>): void {
  const parent = parentOf(network);
  for (const other of others) {
    if (other.id === network.id || other.driver !== network.driver || parentOf(other) !== parent) continue;
    if (network.driver === 'ipvlan') {
      refuse(`network ${dummyParent('ipvlan', other.id)} is already using parent interface ${parent}`);
    }
    if (network.mode === 'passthru') {
      const user = `macvlan network ${other.id}`;
      refuse(`cannot use mode passthru, ${user} is already using parent interface ${parent}`);
    }
    if (other.mode === 'passthru') {
      refuse(`macvlan network ${other.id} is already using parent interface ${parent} in mode passthru`);
    }
  }
}

/** Makes the parent if it is not there. Idempotent. `alias` marks what is made. */
export function ensureParent(host: Rtnetlink, network: LinkNetwork, alias: string): void {
  requireLinkKind(host, network.driver);
  const parent = parentOf(network);
  if (findLink(host, parent)) return;
  if (network.parent === '') {
    const why = `${network.driver} networks without a parent`;
    make(host, [addDummy(parent), setLinkAlias(parent, alias)], 'dummy', why);
    return;
  }
  const { base, vlan } = parseVlan(host, parent);
  const message = addVlan(parent, base.index, vlan);
  make(host, [message, setLinkAlias(parent, alias)], 'vlan', `failed to create ${parent} vlan link`);
}

/** The link of this name. Names that no link can have are not asked for: a zero would cut them short. */
export function findLink(host: Rtnetlink, name: string): Link | undefined {
  return /^[^\s/\0]{1,15}$/.test(name) && Buffer.byteLength(name) < 16 ? host.link(name) : undefined;
}

/**
 * Whether the kernel can make links of this kind. Compat: Docker notices only when the first container starts, and
 * says "failed to create the ipvlan port: operation not supported".
 */
function requireLinkKind(host: Rtnetlink, kind: 'macvlan' | 'ipvlan'): void {
  const [failed] = host.transact([probeLinkKind(kind)]);
  if (failed?.errno === constants.errno.EOPNOTSUPP) unsupported(kind, `${kind} networks`);
}

/** Crash: the kernel carries out both messages in the one call, so no link of ours is ever without its alias. */
function make(host: Rtnetlink, messages: NetlinkMessage[], kind: string, why: string): void {
  try {
    host.request(...messages);
  } catch (error) {
    if (!(error instanceof SysError)) throw error;
    if (error.errno === constants.errno.EOPNOTSUPP) unsupported(kind, why);
    refuse(`${why}: ${errnoWords(error.errno)}`);
  }
}

function parseVlan(host: Rtnetlink, name: string): { base: Link; vlan: number } {
  if (!name.includes('.')) {
    refuse(`invalid subinterface vlan name ${name}, example formatting is eth0.10`);
  }
  const [parent = '', number = '', ...more] = name.split('.');
  if (more.length > 0) {
    const format = 'required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10';
    refuse(`${format}, instead received ${name}`);
  }
  if (!/^[+-]?\d{1,18}$/.test(number)) {
    refuse(`unable to parse a valid vlan id from: ${number} (ex. eth0.10 for vlan 10)`);
  }
  const base = findLink(host, parent);
  if (!base) refuse(`-o parent interface was not found on the host: ${parent}`);
  const vlan = Number(number);
  if (vlan < 1 || vlan > 4094) refuse(`vlan id must be between 1-4094, received: ${vlan}`);
  return { base, vlan };
}

function unsupported(kind: string, what: string): never {
  refuse(`${what}: operation not supported: this kernel has no links of type ${kind}`);
}

function refuse(sentence: string): never {
  throw new EngineError('internal', sentence);
}
