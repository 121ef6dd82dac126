import type { BoltEntry } from '../bolt/bolt-format.ts';
import { readBolt } from '../bolt/read-bolt.ts';
import { writeBolt } from '../bolt/write-bolt.ts';
import type { NetworkRecord, NetworkSubnet } from '../networks/network-record.ts';
import { type Json, list, map, object, text } from './json-in-text.ts';
import { BUCKET, COUNTER, CREATED_BY_USER, driverKey, networkEntries, PREFIX } from './network-entries.ts';

/** The networks in `network/files/local-kv.db`, the predefined ones too. Throws for a damaged file. */
export function readDockerNetworks(file: Buffer): NetworkRecord[] {
  const entries = readBolt(file, BUCKET) ?? [];
  const driverState = (driver: string, id: string): Json => {
    const key = driverKey(driver, id);
    return parse(entries.find((entry) => entry.key.equals(key))) ?? {};
  };
  const prefix = `${PREFIX}/network/`;
  return entries.flatMap((entry) => {
    if (!entry.key.toString('latin1').startsWith(prefix)) return [];
    const json = parse(entry);
    if (typeof json?.['id'] !== 'string' || json['inDelete'] === true) return [];
    return [recordOf(json, driverState(text(json['networkType']), json['id']))];
  });
}

/**
 * `network/files/local-kv.db` for these records, made from the file that is there: what stands in it of networks that
 * we do not have is left out, all else stays as Docker wrote it, and those that it does not have are added. Why not
 * `bridge`: Docker makes it anew at each start, and does not start if it cannot remove the old one.
 */
export function writeDockerNetworks(existing: Buffer, records: readonly NetworkRecord[]): Buffer {
  const before = readBolt(existing, BUCKET) ?? [];
  const known = readDockerNetworks(existing);
  const ids = new Set(records.map(({ id }) => id));
  const gone = known.filter(({ id, name }) => !ids.has(id) && name !== 'bridge');
  const kept = before.filter(({ key }) => !gone.some(({ id }) => key.includes(id)));
  const added = records.filter(({ id, name }) => name !== 'bridge' && !known.some((one) => one.id === id));
  return writeBolt(BUCKET, [...kept, ...added.flatMap(networkEntries)]);
}

/** Compat: libnetwork `network.UnmarshalJSON` and, for what the driver keeps, `networkConfiguration` of bridge. */
function recordOf(network: Json, driver: Json): NetworkRecord {
  const generic = (network['generic'] ?? {}) as Json;
  const record: NetworkRecord = {
    id: text(network['id']),
    name: text(network['name']),
    driver: text(network['networkType']),
    created: text(network['created']),
    labels: map(network['labels']),
    options: map(generic['com.docker.network.generic']),
    internal: network['internal'] === true,
    attachable: network['attachable'] === true,
    enableIpv6: network['enableIPv6'] === true,
    ipamDriver: text(network['ipamType']) || 'default',
    ipamOptions: map(network['ipamOptions']),
    subnets: subnetsOf(network),
  };
  const bridge = text(driver['BridgeName']);
  if (bridge !== '') record.bridge = bridge;
  if (driver['BridgeIfaceCreator'] === CREATED_BY_USER) record.foreignBridge = true;
  if (network['configOnly'] === true) record.configOnly = true;
  if (text(network['configFrom']) !== '') record.configFrom = text(network['configFrom']);
  return record;
}

/** As asked for, with what the address manager made of it; a network that is only settings has no more than was asked for. */
function subnetsOf(network: Json): NetworkSubnet[] {
  return ['ipamV4', 'ipamV6'].flatMap((family) => {
    const asked = list(network[`${family}Config`]);
    const had = list(network[`${family}Info`]);
    const count = network['configOnly'] === true ? asked.length : had.length;
    return Array.from({ length: count }, (_, index) => subnetOf(asked[index] ?? {}, had[index] ?? {}));
  });
}

function subnetOf(asked: Json, had: Json): NetworkSubnet {
  const data = object(had['IPAMData']);
  const [pool, gateway] = [text(data['Pool']), text(data['Gateway']).split('/')[0] ?? ''];
  const [wantedPool, wantedGateway] = [text(asked['PreferredPool']), text(asked['Gateway'])];
  return {
    subnet: pool || wantedPool,
    gateway: gateway || wantedGateway,
    ipRange: text(asked['SubPool']),
    reserved: map(asked['AuxAddresses']),
    ...(pool !== '' && wantedPool === '' && { chosen: true }),
    ...(gateway !== '' && wantedGateway === '' && { gatewayChosen: true }),
  };
}

function parse(entry: BoltEntry | undefined): Json | undefined {
  if (!entry) return undefined;
  return object(entry.value.subarray(COUNTER).toString('utf8'));
}
