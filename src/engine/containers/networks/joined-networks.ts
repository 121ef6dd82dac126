import { EngineError } from '../../../base/mod.ts';
import type { EngineNetwork } from '../../networks/mod.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { isUserDefined } from '../request/network-mode.ts';
import { conflictBetween } from './network-rules.ts';

/** The networks of a container that starts. They are not removed until the result is disposed of. */
export interface JoinedNetworks extends Disposable {
  /** In the order of the container's record, whose keys are their names from here on. */
  readonly networks: readonly EngineNetwork[];
}

/**
 * Looks the networks up that a container is to be in. Compat: by the id that they had the last time, so that one made
 * anew under the same name is `network <id> not found`; by name or id the first time.
 */
export function joinNetworks(context: ContainersContext, container: Container): JoinedNetworks {
  const { record } = container;
  if (record.hostConfig.NetworkMode.startsWith('container:')) {
    return { networks: [], [Symbol.dispose]: () => {} };
  }
  const networks: EngineNetwork[] = [];
  for (const [key, settings] of Object.entries(record.networks)) {
    const network = find(context, (isUserDefined(key) && settings.NetworkID) || key);
    const conflict = networks.map((other) => conflictBetween(other, network)).find(Boolean);
    if (conflict) throw conflict;
    networks.push(network);
    if (network.name === key) continue;
    delete record.networks[key];
    record.networks[network.name] = settings;
  }
  const hold = context.networks.hold(
    networks.map(({ id }) => id),
    container.name,
  );
  return { networks, [Symbol.dispose]: () => hold[Symbol.dispose]() };
}

function find(context: ContainersContext, ref: string): EngineNetwork {
  try {
    return context.networks.find(ref);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.code, `failed to set up container networking: ${error.message}`, {
      cause: error,
    });
  }
}
