import { EngineError, messageOf } from '../../base/mod.ts';
import type { CreateBody } from '../bodies/container-create.ts';
import type { CreateContext } from './container-create.ts';
import { hasOwnEndpoint, mainEndpoint } from './main-endpoint.ts';

/** Moves the container-wide address of older clients to the endpoint that it is meant for. Gives a warning. */
export function migrateMacAddress(body: CreateBody, { version }: CreateContext): string | undefined {
  const { config, hostConfig, networkingConfig } = body;
  const address = config.MacAddress ?? '';
  delete config.MacAddress;
  // Compat: 1.52 took the field out of its struct, so that it is an unknown key.
  if (version.atLeast('1.52')) return undefined;
  if (version.below('1.44')) {
    if (address === '') {
      for (const endpoint of Object.values(networkingConfig.EndpointsConfig)) delete endpoint.MacAddress;
      return undefined;
    }
    if (!hasOwnEndpoint(hostConfig.NetworkMode)) {
      throw invalid('conflicting options: mac-address and the network mode');
    }
    mainEndpoint(body, version).MacAddress = address;
    return undefined;
  }
  if (address === '') return undefined;
  if (hasOwnEndpoint(hostConfig.NetworkMode)) {
    const endpoint = endpointFor(body, { version });
    if (endpoint.MacAddress && endpoint.MacAddress !== address) {
      throw invalid(
        'the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty',
      );
    }
    endpoint.MacAddress = address;
  }
  return 'The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.';
}

function endpointFor(body: CreateBody, { version }: Pick<CreateContext, 'version'>) {
  try {
    return mainEndpoint(body, version);
  } catch (error) {
    throw invalid(`unable to migrate container-wide MAC address to a specific network: ${messageOf(error)}`);
  }
}

function invalid(message: string): EngineError {
  return new EngineError('invalid', message);
}
