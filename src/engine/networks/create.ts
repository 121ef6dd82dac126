import { EngineError, formatTime, newId, nowNano } from '../../base/mod.ts';
import { linkOptions, planSubnets } from '../../net/mod.ts';
import type { NetworkRecord, NetworkSubnet } from '../../store/mod.ts';
import { bridgeOptions } from './bridge-options.ts';
import { withConfigFrom } from './config-networks.ts';
import type { NetworksContext } from './context.ts';
import { withDefaultOptions } from './default-options.ts';
import { checkInterfaceOptions } from './interface-options.ts';
import { isPredefined } from './network-book.ts';
import { isLinkDriver, networkOfRecord } from './network-of-record.ts';
import type { NetworkCreateRequest } from './networks.ts';

type Resolved = ReturnType<typeof withDefaultOptions>;

const NO_MANAGER =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
const DRIVERS = ['bridge', 'macvlan', 'ipvlan'];
const IPAM_DRIVERS = ['', 'default', 'null'];

/**
 * Makes a network. Compat: moby `Daemon.createNetwork` and libnetwork `NewNetwork`, in the order in which they refuse.
 * Crash: the record is on disk before anything of it stands on the host, so that the next start makes what is missing.
 */
export async function createNetwork(
  context: NetworksContext,
  asked: NetworkCreateRequest,
): Promise<NetworkRecord> {
  checkRequest(context, asked);
  const request = withDefaultOptions(context.defaultOptions, withConfigFrom(context.book, asked));
  const record = await recordOf(context, request);
  context.book.add(record);
  const network = networkOfRecord(record);
  if (network) {
    try {
      await context.net.ensureNetwork(network);
    } catch (error) {
      const keepInterface = record.foreignBridge === true;
      await context.net.removeNetwork(network, { keepInterface }).catch((reason: unknown) => {
        context.log.warn('cannot undo a network', { network: record.name, error: reason });
      });
      context.book.remove(record.id);
      throw error;
    }
  }
  return record;
}

function checkRequest({ book }: NetworksContext, request: NetworkCreateRequest): void {
  const { name, scope, ipam } = request;
  const driver = request.driver || 'bridge';
  if (isPredefined(name)) {
    throw new EngineError('denied', `operation is not permitted on predefined ${name} network`);
  }
  if (driver === 'overlay' || scope === 'swarm' || request.ingress) {
    throw new EngineError('denied', NO_MANAGER);
  }
  if (name.trim() === '') throw new EngineError('invalid', 'invalid name: name is empty');
  if (name.includes('\0')) throw new EngineError('invalid', `invalid name: ${JSON.stringify(name)}`);
  if (book.byName(name)) throw new EngineError('conflict', `network with name ${name} already exists`);
  if (driver === 'host' || driver === 'null') {
    throw new EngineError('denied', `only one instance of "${driver}" network is allowed`);
  }
  for (const wanted of [DRIVERS.includes(driver) ? '' : driver, ipam.driver]) {
    if (IPAM_DRIVERS.includes(wanted)) continue;
    throw new EngineError(
      'not-found',
      `could not find plugin ${wanted} in v1 plugin registry: plugin not found`,
    );
  }
  if (isLinkDriver(driver) && !request.configOnly) linkOptions(driver, request.options);
}

async function recordOf(context: NetworksContext, request: Resolved): Promise<NetworkRecord> {
  const { name, options, labels, internal, attachable, enableIpv4, enableIpv6, ipam } = request;
  const driver = request.driver || 'bridge';
  const base: NetworkRecord = {
    id: newId(),
    name,
    driver: request.configOnly ? 'null' : driver,
    created: formatTime(nowNano()),
    labels,
    options,
    internal,
    attachable,
    ...(enableIpv4 ? {} : { enableIpv4 }),
    enableIpv6,
    ipamDriver: ipam.driver || 'default',
    ...(Object.keys(ipam.options).length > 0 && { ipamOptions: ipam.options }),
    ...(request.configFrom !== '' && { configFrom: request.configFrom }),
  };
  if (request.configOnly) return { ...base, configOnly: true, subnets: askedSubnets(request) };
  checkInterfaceOptions(options, { ipv6: enableIpv6 });
  const bridge = driver === 'bridge' ? await bridgeOf(context, base, request) : {};
  return { ...base, subnets: plannedSubnets(context, request, driver), ...bridge };
}

/** Compat: libnetwork bridge `conflictsWithNetworks`. */
async function bridgeOf(
  { bridges, net }: NetworksContext,
  { id }: NetworkRecord,
  { options, internal, enableIpv4, enableIpv6 }: Resolved,
): Promise<Pick<NetworkRecord, 'bridge' | 'foreignBridge'>> {
  const { bridge } = bridgeOptions(options, internal);
  // Compat: macvlan and ipvlan networks may have no addresses at all.
  if (!enableIpv4 && !enableIpv6) throw new EngineError('invalid', 'IPv4 or IPv6 must be enabled');
  if (bridge === undefined) return {};
  const other = bridges().find((one) => one.bridge === bridge);
  if (other) {
    throw new EngineError(
      'denied',
      `cannot create network ${id} (${bridge}): conflicts with network ${other.id} (${bridge}): networks have same bridge name`,
    );
  }
  return { bridge, ...((await net.hasInterface(bridge)) && { foreignBridge: true }) };
}

function askedSubnets({ ipam }: NetworkCreateRequest): NetworkSubnet[] {
  return ipam.config.map((one) => ({
    subnet: one.Subnet ?? '',
    ipRange: one.IPRange ?? '',
    gateway: one.Gateway ?? '',
    reserved: one.AuxiliaryAddresses ?? {},
  }));
}

function plannedSubnets(context: NetworksContext, request: Resolved, driver: string): NetworkSubnet[] {
  const config = askedSubnets(request);
  const { enableIpv4: ipv4, enableIpv6: ipv6 } = request;
  const planned = planSubnets(
    { driver, ipv4, ipv6, config, gateway: wantsGateway(request, driver) },
    { pools: context.pools, taken: context.taken(), hostSubnets: context.hostSubnets },
  );
  // Compat: inspect shows what was asked for; only where no subnet was, what was chosen.
  return planned.map((one) => {
    const asked = config.find(({ subnet }) => subnet !== '' && sameFamily(subnet, one.subnet));
    if (!asked) return { ...one, chosen: true };
    const gatewayAsked = config.some(({ gateway }) => gateway === one.gateway);
    return { ...one, ...(!gatewayAsked && { gatewayChosen: true }) };
  });
}

/** Compat: `GetSkipGwAlloc` of libnetwork's drivers: none for who has no way out, or reaches all by its interface. */
function wantsGateway({ options, internal }: NetworkCreateRequest, driver: string): boolean {
  if (!isLinkDriver(driver)) return true;
  const { mode, parent } = linkOptions(driver, options);
  return !internal && parent !== '' && (driver === 'macvlan' || mode === 'l2');
}

const sameFamily = (a: string, b: string): boolean => a.includes(':') === b.includes(':');
