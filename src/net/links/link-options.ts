import { EngineError } from '../../base/mod.ts';
import { isIpvlanFlag, isIpvlanMode, isMacvlanMode } from '../../sys/mod.ts';

/** What the options of a macvlan or ipvlan network come to. */
export interface LinkOptions {
  /** Interface of the host, '' if none was named. */
  parent: string;
  mode: string;
  /** Of ipvlan. */
  flag?: string;
}

/**
 * The options `parent`, `macvlan_mode`, `ipvlan_mode`, `ipvlan_flag`; others are ignored. Compat: sentences and
 * defaults of moby's libnetwork/drivers/{macvlan,ipvlan}; it answers 500.
 */
export function linkOptions(driver: 'macvlan' | 'ipvlan', options: Record<string, string>): LinkOptions {
  const parent = options.parent ?? '';
  const wanted = options[`${driver}_mode`] || (driver === 'macvlan' ? 'bridge' : 'l2');
  const flag = options.ipvlan_flag || 'bridge';
  if (driver === 'macvlan' && !isMacvlanMode(wanted)) {
    refuse(`requested macvlan mode '${wanted}' is not valid, 'bridge' mode is the macvlan driver default`);
  }
  if (driver === 'ipvlan' && !isIpvlanMode(wanted)) {
    refuse(`requested ipvlan mode '${wanted}' is not valid, 'l2' mode is the ipvlan driver default`);
  }
  if (driver === 'ipvlan' && !isIpvlanFlag(flag)) {
    refuse(`requested ipvlan flag '${flag}' is not valid, 'bridge' is the ipvlan driver default`);
  }
  if (parent === 'lo') refuse(`loopback interface is not a valid ${driver} parent link`);
  return { parent, mode: wanted, ...(driver === 'ipvlan' && { flag }) };
}

/** The parent of a network that names none: an interface that leads nowhere. Compat: as Docker calls it. */
export function dummyParent(driver: 'macvlan' | 'ipvlan', networkId: string): string {
  return `${driver === 'macvlan' ? 'dm' : 'di'}-${networkId.slice(0, 12)}`;
}

function refuse(sentence: string): never {
  throw new EngineError('internal', sentence);
}
