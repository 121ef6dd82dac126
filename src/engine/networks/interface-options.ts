import { EngineError } from '../../base/mod.ts';
import { isBridgeName } from '../../net/mod.ts';

const BRIDGE_NAME = 'com.docker.network.bridge.name';
const MTU = 'com.docker.network.driver.mtu';
/** What the kernel takes for an IPv4 interface, and what RFC 8200 wants for IPv6. */
const LEAST_MTU = { ipv4: 68, ipv6: 1280 };
const MOST_MTU = 65_535;

/**
 * Refuses what no interface can have, before anything is made: a name, or a size of packets. Only for networks that are
 * to be made: those on disk were made once. Throws `invalid`. Compat: Docker answers 500 with the kernel's word for it.
 */
export function checkInterfaceOptions(options: Record<string, string>, families: { ipv6: boolean }): void {
  const bridge = options[BRIDGE_NAME] ?? '';
  // `all` and `default` are the kernel's own among the switches of interfaces.
  if (bridge !== '' && (!isBridgeName(bridge) || bridge === 'all' || bridge === 'default')) {
    throw new EngineError(
      'invalid',
      `invalid bridge name ${JSON.stringify(bridge)}: at most 15 letters, digits, "_", "." and "-"`,
    );
  }
  const mtu = Number(options[MTU] ?? 0);
  const least = families.ipv6 ? LEAST_MTU.ipv6 : LEAST_MTU.ipv4;
  // What is no number, or negative, is the driver's to refuse; 0 is as if it were not set.
  if (mtu > 0 && (mtu < least || mtu > MOST_MTU)) {
    throw new EngineError(
      'invalid',
      `invalid MTU number: ${mtu}: must be from ${least} to ${MOST_MTU}${families.ipv6 ? ' with IPv6' : ''}`,
    );
  }
}
