import { hostname } from 'node:os';
import { join } from 'node:path';
import type { ContainerId } from '../../base/mod.ts';
import {
  Cleanup,
  EngineError,
  formatTime,
  HEALTH_ON_FAILURE_LABEL,
  messageOf,
  newId,
  nowNano,
  shortId,
  ZERO_TIME,
} from '../../base/mod.ts';
import type { HostConfig } from '../../spec/docker/mod.ts';
import type { ContainerRecord, EndpointRecord, MountPointRecord } from '../../store/mod.ts';
import { Container } from './container.ts';
import type { ContainerCreateRequest } from './containers.ts';
import { announce, type ContainersContext } from './context.ts';
import { healthAction } from './health/health-action.ts';
import { healthPlan } from './health/health-plan.ts';
import { intendCreate } from './life/create-intent.ts';
import { holdImageMounts, releaseImageMounts } from './mounts/image-mounts.ts';
import { planMounts } from './mounts/mount-points.ts';
import { populateVolumes } from './mounts/populate-volumes.ts';
import { withHostDefaults } from './request/host-defaults.ts';
import { withImageDefaults } from './request/image-defaults.ts';
import { generateName } from './request/name-generator.ts';
import {
  emptyEndpoint,
  endpointRecord,
  isUserDefined,
  parseNetworkMode,
  resolveSharedContainers,
} from './request/network-mode.ts';
import { validatePorts } from './request/port-requests.ts';
import { validateConfig, validateHostConfig, validateName } from './request/validate.ts';
import { validateEndpoint, validateNetworkMode } from './request/validate-network.ts';
import { resolveLinks } from './set-up/links.ts';
import { checkUserNamespace, mapOf } from './set-up/user-namespace.ts';

/**
 * Makes a container: its volumes, its writable layer and its record, in this order, so that what a crash leaves is
 * found by the record-less directory or the record-less mount. Nothing is left when a step fails.
 */
export async function create(
  context: ContainersContext,
  request: ContainerCreateRequest,
): Promise<{ id: string; warnings: string[] }> {
  if (request.name) validateName(request.name);
  validateNetworkMode(request.config, request.hostConfig);
  const image = context.images.resolve(request.config.Image, request.platform);
  const config = withImageDefaults(request.config, image.config.config ?? {});
  validateConfig(config);
  const command = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  const [path, ...args] = command;
  if (path === undefined) throw new EngineError('invalid', 'no command specified');
  const hostConfig = withHostDefaults(request.hostConfig, context.settings);
  checkUserNamespace(context, hostConfig);
  if (!context.runtime.hasRuntime(hostConfig.Runtime)) {
    throw new EngineError('invalid', `unknown or invalid runtime name: ${hostConfig.Runtime}`);
  }
  const warnings = validateHostConfig(hostConfig, context.settings.host);
  // Of the request alone: an image's labels are its own.
  const healthOnFailure = healthAction(request.config.Labels);
  if (healthOnFailure !== 'none' && !healthPlan(config)) {
    warnings.push(`There is no health check: label ${HEALTH_ON_FAILURE_LABEL} has no effect.`);
  }
  resolveSharedContainers(context, hostConfig);
  resolveLinks(context, hostConfig);
  validatePorts(config, hostConfig);
  await context.logs.validate(hostConfig.LogConfig);
  const mode = parseNetworkMode(context, hostConfig.NetworkMode);
  if (mode.kind === 'host' && config.Hostname === '') config.Hostname = hostname();

  const id = newId<ContainerId>();
  using _intent = intendCreate(context, id);
  await using undo = new Cleanup((what, error) => {
    context.log.warn('cannot undo a step of create', { what, error: messageOf(error) });
  });
  if (config.Hostname === '' && mode.kind !== 'container') config.Hostname = shortId(id);
  const name = reserveName(context, id, request.name);
  undo.defer('name', () => context.directory.unreserve(name, id));
  const created: string[] = [];
  using _held = { [Symbol.dispose]: () => context.volumes.letGo(id) };
  undo.defer('volumes', async () => {
    context.volumes.letGo(id);
    for (const volume of created) await context.volumes.removeIfUnused(volume);
  });
  const plan = await planMounts(context, config, hostConfig, { id, created });
  if (request.defaultReadOnlyNonRecursive) keepReadOnlyFlat(plan.mountPoints);
  const networks = requestedEndpoints(context, hostConfig, request);
  const directory = context.records.directory(id);
  const record: ContainerRecord = {
    id,
    name: `/${name}`,
    created: formatTime(nowNano()),
    path,
    args,
    config,
    hostConfig,
    image: image.id,
    state: {
      status: 'created',
      oomKilled: false,
      pid: 0,
      exitCode: 0,
      error: '',
      startedAt: ZERO_TIME,
      finishedAt: ZERO_TIME,
    },
    networks,
    ports: {},
    sandboxId: '',
    sandboxKey: '',
    mountPoints: plan.mountPoints,
    restartCount: 0,
    hasBeenStartedBefore: false,
    hasBeenManuallyStopped: false,
    logPath: hostConfig.LogConfig.Type === 'json-file' ? join(directory, `${id}-json.log`) : '',
    hostnamePath: join(directory, 'hostname'),
    hostsPath: join(directory, 'hosts'),
    resolvConfPath: join(directory, 'resolv.conf'),
    minke: {
      startNumber: 0,
      ...(image.topLayer === undefined ? {} : { topLayer: image.topLayer }),
      ...(healthOnFailure === 'none' ? {} : { healthOnFailure }),
    },
    unknown: {},
  };
  holdImageMounts(context, record);
  undo.defer('mounted images', () => releaseImageMounts(context, record));
  undo.defer('mount', () => context.layers.removeMount(id));
  await context.layers.createMount(id, image.topLayer, {
    ephemeral: hostConfig.AutoRemove,
    mapped: mapOf(context, hostConfig) !== undefined,
  });
  await populateVolumes(context, id, record.mountPoints);
  undo.defer('record', () => context.records.remove(id));
  // Crash: with this the container exists; before, restore removes the writable layer as one of no container.
  context.records.create(record, { durable: !hostConfig.AutoRemove });
  const container = new Container(record);
  context.directory.add(container);
  undo.keep();
  announce(context, container, 'create');
  return { id, warnings };
}

/** Compat: for clients below 1.44 a read-only bind leaves the mounts below it writable. */
function keepReadOnlyFlat(points: Record<string, MountPointRecord>): void {
  for (const point of Object.values(points)) {
    if (point.Type === 'bind') point.Spec = { readOnlyNonRecursive: true, ...point.Spec };
  }
}

function reserveName(context: ContainersContext, id: string, asked: string | undefined): string {
  if (asked) {
    const name = asked.replace(/^\//, '');
    context.directory.reserve(name, id);
    return name;
  }
  for (let retry = 0; retry < 10; retry++) {
    const name = generateName(retry);
    if (context.directory.isNameTaken(name)) continue;
    context.directory.reserve(name, id);
    return name;
  }
  const name = shortId(id);
  context.directory.reserve(name, id);
  return name;
}

/** The endpoints as inspect shows them before the first start. */
function requestedEndpoints(
  context: ContainersContext,
  hostConfig: HostConfig,
  request: ContainerCreateRequest,
): Record<string, EndpointRecord> {
  const mode = parseNetworkMode(context, hostConfig.NetworkMode);
  const asked = request.networkingConfig.EndpointsConfig ?? {};
  const endpoints: Record<string, EndpointRecord> = {};
  for (const [key, settings] of Object.entries(asked)) {
    const name = key === 'default' ? 'bridge' : key;
    validateEndpoint(name, settings ?? {}, isUserDefined(name));
    endpoints[name] = endpointRecord(settings ?? {});
  }
  if (mode.kind === 'container') return endpoints;
  // Compat: the mode is a network of its own only where no endpoints are named.
  if (Object.keys(asked).length === 0) endpoints[mode.network] = emptyEndpoint();
  return underNames(context, endpoints, mode.network);
}

/** Compat: the network of the mode is kept by its name, by whatever of its names it was given; others at the start. */
function underNames(
  context: ContainersContext,
  endpoints: Record<string, EndpointRecord>,
  mode: string,
): Record<string, EndpointRecord> {
  const settings = endpoints[mode];
  const network = isUserDefined(mode) && settings ? context.networks.findIfThere(mode) : undefined;
  if (!network || !settings || network.name === mode) return endpoints;
  const { [mode]: _key, ...others } = endpoints;
  return { [network.name]: settings, ...others };
}
