import { EngineError } from '../../base/mod.ts';
import type { NetworkBook } from './network-book.ts';
import type { NetworkCreateRequest } from './networks.ts';

/**
 * The request with the settings of the network that `configFrom` names; as it is where it names none. Compat:
 * libnetwork `validateConfiguration` and `applyConfigurationTo`, with their sentences.
 */
export function withConfigFrom(book: NetworkBook, request: NetworkCreateRequest): NetworkCreateRequest {
  const { configOnly, configFrom, internal, attachable, ipam, options, labels } = request;
  if (configOnly && (internal || attachable || request.scope !== '')) {
    throw denied(
      'configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.',
    );
  }
  if (configFrom === '') return request;
  if (configOnly) throw denied('a configuration network cannot depend on another configuration network');
  const own = [...ipam.config, ...Object.keys(ipam.options), ...Object.keys(options), ...Object.keys(labels)];
  if (own.length > 0 || request.enableIpv6 || !['', 'default'].includes(ipam.driver)) {
    throw denied(
      'user specified configurations are not supported if the network depends on a configuration network',
    );
  }
  const source = book.byName(configFrom);
  if (!source)
    throw new EngineError('not-found', `configuration network ${JSON.stringify(configFrom)} does not exist`);
  if (!source.configOnly)
    throw denied(`network ${JSON.stringify(configFrom)} is not a configuration network`);
  return {
    ...request,
    enableIpv4: source.enableIpv4 ?? true,
    enableIpv6: source.enableIpv6 ?? false,
    options: source.options ?? {},
    labels: source.labels ?? {},
    ipam: {
      driver: source.ipamDriver ?? '',
      options: source.ipamOptions ?? {},
      config: (source.subnets ?? []).map(({ subnet, ipRange, gateway, reserved }) => ({
        Subnet: subnet,
        IPRange: ipRange,
        Gateway: gateway,
        AuxiliaryAddresses: reserved,
      })),
    },
  };
}

function denied(message: string): EngineError {
  return new EngineError('denied', message);
}
