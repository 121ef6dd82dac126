import { EngineError } from '../../../base/mod.ts';
import type { Sandbox } from '../../../net/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { endpointRequest } from '../networks/endpoint-request.ts';
import type { JoinedNetworks } from '../networks/joined-networks.ts';
import { checkEndpoint } from '../networks/network-rules.ts';
import { emptyEndpoint, parseNetworkMode } from '../request/network-mode.ts';
import { portRequests } from '../request/port-requests.ts';

/** Makes the container's network sandbox, in `namespace` if that is there already; undefined where it uses another one (host, another container). */
export async function setUpSandbox(
  context: ContainersContext,
  container: Container,
  { networks }: JoinedNetworks,
  namespace?: number,
): Promise<Sandbox | undefined> {
  const { record } = container;
  const mode = parseNetworkMode(context, record.hostConfig.NetworkMode);
  if (mode.kind === 'host' || mode.kind === 'container') return undefined;
  try {
    const endpoints = record.config.NetworkDisabled
      ? []
      : networks.flatMap((one) => {
          if (!one.network) return [];
          const settings = record.networks[one.name] ?? emptyEndpoint();
          checkEndpoint(one, settings);
          return [endpointRequest(context, container, one.network, settings)];
        });
    return await context.net.setUp({
      id: container.id,
      ...(namespace === undefined ? {} : { namespace }),
      endpoints,
      ports: endpoints.length > 0 ? portRequests(record.config, record.hostConfig) : [],
    });
  } catch (error) {
    const named = withEndpointName(error, container);
    if (named instanceof EngineError) {
      const message = `failed to set up container networking: ${named.message}`;
      throw new EngineError(named.code, message, { cause: error });
    }
    throw error;
  }
}

/** Docker names the endpoint in the sentence about ports; `net` does not know its name. */
export function withEndpointName(error: unknown, container: Container): unknown {
  if (!(error instanceof EngineError) || !/^(Bind for|failed to bind host port)/.test(error.message)) {
    return error;
  }
  const message = `driver failed programming external connectivity on endpoint ${container.name} (${container.id}): ${error.message}`;
  return new EngineError(error.code, message, { cause: error });
}
