import { EngineError } from '../../base/mod.ts';
import type { NetworkRecord } from '../../store/mod.ts';
import type { NetworksContext } from './context.ts';
import { isPredefined } from './network-book.ts';
import { networkOfRecord } from './network-of-record.ts';

/**
 * Removes a network. `held`: names of containers that are about to be in it. Crash: the record goes last, so that
 * nothing stands on the host that no record tells of; until then the next start makes the network whole again.
 */
export async function removeNetwork(
  context: NetworksContext,
  record: NetworkRecord,
  held: readonly string[],
): Promise<void> {
  const { book, net, users } = context;
  const { id, name } = record;
  if (isPredefined(name)) {
    throw new EngineError('denied', `${name} is a pre-defined network and cannot be removed`);
  }
  const refuse = (why: string) => new EngineError('denied', `error while removing network: ${why}`);
  if (record.configOnly && book.all().some(({ configFrom }) => configFrom === name)) {
    throw refuse(`configuration network ${JSON.stringify(name)} is in use`);
  }
  const endpoints = Object.values(users.endpoints().get(id) ?? {});
  const active = [
    ...endpoints.map((one) => `name:"${one.Name}" id:"${one.EndpointID.slice(0, 12)}"`),
    ...held.map((one) => `name:"${one}"`),
  ];
  if (active.length > 0) throw refuse(`network ${name} has active endpoints (${active.join(', ')})`);
  const network = networkOfRecord(record);
  if (network) await net.removeNetwork(network, { keepInterface: record.foreignBridge === true });
  book.remove(id);
}
