import { EngineError } from '../../base/mod.ts';
import type { NetworkCreateRequest } from './networks.ts';

const ENABLE = { ipv4: 'com.docker.network.enable_ipv4', ipv6: 'com.docker.network.enable_ipv6' } as const;

/**
 * The request with the options that the daemon's configuration has for its driver (`default-network-opts`), where it
 * sets none itself and has its settings from no other network; and with the families that options switch on or off, where it does not say. Compat: moby
 * `createNetwork`.
 */
export function withDefaultOptions(
  defaults: Readonly<Record<string, Record<string, string>>>,
  request: NetworkCreateRequest,
): NetworkCreateRequest & { enableIpv4: boolean; enableIpv6: boolean } {
  const options = {
    ...(request.configFrom !== '' ? {} : defaults[request.driver || 'bridge']),
    ...request.options,
  };
  return {
    ...request,
    options,
    enableIpv4: request.enableIpv4 ?? switched(options, ENABLE.ipv4) ?? true,
    enableIpv6: request.enableIpv6 ?? switched(options, ENABLE.ipv6) ?? false,
  };
}

function switched(options: Record<string, string>, name: string): boolean | undefined {
  const value = options[name];
  if (value === undefined) return undefined;
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(value)) return false;
  throw new EngineError('invalid', `driver-opt "${name}" is not a valid bool`);
}
