import { createHash } from 'node:crypto';
import type { EndpointId } from '../../../base/mod.ts';
import { EngineError, newId } from '../../../base/mod.ts';
import type { BridgeNetwork, Sandbox } from '../../../net/mod.ts';
import type { EndpointSettings } from '../../../spec/docker/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { emptyEndpoint, parseNetworkMode } from '../request/network-mode.ts';
import { portMap, portRequests } from '../request/port-requests.ts';

/** Makes the container's network sandbox, in `namespace` if that is there already; undefined where it uses another one (host, another container). */
export async function setUpSandbox(
  context: ContainersContext,
  container: Container,
  namespace?: number,
): Promise<Sandbox | undefined> {
  const { record } = container;
  const mode = parseNetworkMode(context, record.hostConfig.NetworkMode);
  if (mode.kind === 'host' || mode.kind === 'container') return undefined;
  const network = context.networks.find(mode.network);
  const bridge = record.config.NetworkDisabled ? undefined : network.bridge;
  try {
    return await context.net.setUp({
      id: container.id,
      ...(namespace === undefined ? {} : { namespace }),
      endpoints: bridge ? [endpointRequest(record.networks[mode.network], bridge)] : [],
      ports: bridge ? portRequests(record.config, record.hostConfig) : [],
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

function endpointRequest(asked: EndpointSettings | undefined, network: BridgeNetwork) {
  const { IPv4Address: ipv4, IPv6Address: ipv6 } = asked?.IPAMConfig ?? {};
  return {
    endpointId: newId<EndpointId>(),
    network,
    names: [],
    ...(ipv4 ? { ipv4 } : {}),
    ...(ipv6 ? { ipv6 } : {}),
    ...(asked?.MacAddress ? { mac: asked.MacAddress } : {}),
  };
}

/** Docker names the endpoint in the sentence about ports; `net` does not know its name. */
export function withEndpointName(error: unknown, container: Container): unknown {
  if (!(error instanceof EngineError) || !/^(Bind for|failed to bind host port)/.test(error.message)) {
    return error;
  }
  const message = `driver failed programming external connectivity on endpoint ${container.name} (${container.id}): ${error.message}`;
  return new EngineError(error.code, message, { cause: error });
}

/** Writes what the sandbox turned out to be into the container's network settings. */
export function applySandbox(
  context: ContainersContext,
  container: Container,
  sandbox: Sandbox | undefined,
): void {
  const { record } = container;
  const mode = parseNetworkMode(context, record.hostConfig.NetworkMode);
  record.ports = sandbox ? portMap(record.config, sandbox.ports) : {};
  record.sandboxKey = sandbox?.netns ?? '';
  record.sandboxId = sandbox
    ? createHash('sha256').update(`${container.id} ${record.minke.startNumber}`).digest('hex')
    : '';
  if (mode.kind === 'container') return;
  const settings = record.networks[mode.network] ?? emptyEndpoint();
  settings.NetworkID = context.networks.find(mode.network).id;
  const [endpoint] = sandbox?.endpoints ?? [];
  settings.EndpointID = endpoint?.endpointId ?? newId();
  settings.Gateway = endpoint?.gateway ?? '';
  settings.IPAddress = endpoint?.ipv4 ?? '';
  settings.IPPrefixLen = endpoint?.prefixLength ?? 0;
  settings.GlobalIPv6Address = endpoint?.ipv6 ?? '';
  settings.GlobalIPv6PrefixLen = endpoint?.ipv6PrefixLength ?? 0;
  settings.IPv6Gateway = endpoint?.ipv6Gateway ?? '';
  settings.MacAddress = endpoint?.mac ?? '';
  record.networks[mode.network] = settings;
}
