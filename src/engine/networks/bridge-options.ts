import { isIP, isIPv4 } from 'node:net';
import { EngineError } from '../../base/mod.ts';
import type { BridgeNetwork, GatewayMode } from '../../net/mod.ts';

type FromOptions = Pick<BridgeNetwork, 'icc' | 'masquerade' | 'hostBindingIpv4'> &
  Partial<
    Pick<
      BridgeNetwork,
      'mtu' | 'inhibitIpv4' | 'interfacePrefix' | 'gatewayModeIpv4' | 'gatewayModeIpv6' | 'trustedInterfaces'
    >
  > & { bridge?: string };

const PREFIX = 'com.docker.network.';
const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];
const MODES: readonly GatewayMode[] = ['nat', 'nat-unprotected', 'routed', 'isolated'];

/**
 * What `-o` says of a bridge network. Unknown options are nobody's business. Throws `invalid`. Compat: libnetwork's
 * bridge driver, `networkConfiguration.fromLabels` and `Validate`, with their sentences.
 */
export function bridgeOptions(options: Record<string, string>, internal: boolean): FromOptions {
  const settings: FromOptions = { icc: true, masquerade: true, hostBindingIpv4: '' };
  for (const [label, value] of Object.entries(options)) {
    const read = label.startsWith(PREFIX) ? READERS[label.slice(PREFIX.length)] : undefined;
    try {
      read?.(settings, value);
    } catch (error) {
      throw new EngineError(
        'invalid',
        `failed to parse ${label} value: ${value} (${(error as Error).message})`,
      );
    }
  }
  const { mtu = 0, gatewayModeIpv4, gatewayModeIpv6 } = settings;
  if (mtu < 0) throw new EngineError('invalid', `invalid MTU number: ${mtu}`);
  if (mtu === 0) delete settings.mtu;
  if (!internal && (gatewayModeIpv4 === 'isolated' || gatewayModeIpv6 === 'isolated')) {
    throw new EngineError('invalid', "gateway mode 'isolated' can only be used for an internal network");
  }
  return settings;
}

const READERS: Record<string, (settings: FromOptions, value: string) => void> = {
  'bridge.name': (settings, value) => {
    if (value !== '') settings.bridge = value;
  },
  'bridge.enable_icc': (settings, value) => {
    settings.icc = bool(value);
  },
  'bridge.enable_ip_masquerade': (settings, value) => {
    settings.masquerade = bool(value);
  },
  'bridge.inhibit_ipv4': (settings, value) => {
    if (bool(value)) settings.inhibitIpv4 = true;
  },
  'bridge.host_binding_ipv4': (settings, value) => {
    if (isIP(value) === 0) throw new Error('nil ip');
    if (isIPv4(value)) settings.hostBindingIpv4 = value;
  },
  'bridge.gateway_mode_ipv4': (settings, value) => {
    settings.gatewayModeIpv4 = mode(value);
  },
  'bridge.gateway_mode_ipv6': (settings, value) => {
    settings.gatewayModeIpv6 = mode(value);
  },
  'bridge.trusted_host_interfaces': (settings, value) => {
    settings.trustedInterfaces = value.split(':').filter((name) => name !== '');
  },
  'driver.mtu': (settings, value) => {
    if (!/^[+-]?\d+$/.test(value)) {
      throw new Error(`strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
    }
    settings.mtu = Number(value);
  },
  container_iface_prefix: (settings, value) => {
    if (!/^[a-zA-Z][\w.-]{0,9}$/.test(value)) throw new Error('invalid interface prefix');
    settings.interfacePrefix = value;
  },
};

function bool(value: string): boolean {
  if (TRUE.includes(value)) return true;
  if (FALSE.includes(value)) return false;
  throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
}

function mode(value: string): GatewayMode {
  const found = MODES.find((one) => one === value);
  if (!found) throw new Error(`unknown gateway mode ${value}`);
  return found;
}
