import { createHash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger, EngineError, type Logger, messageOf } from '../base/mod.ts';
import {
  handleExecExit,
  handleExit,
  isRunning,
  restoreContainers,
  restoreExecs,
  serveHealth,
  startByPolicy,
  stopAll,
} from '../engine/containers/mod.ts';
import { type Logs, openLogs } from '../logs/mod.ts';
import { openNet } from '../net/mod.ts';
import { type ContainerExit, detectCgroups, openRuntime } from '../runtime/mod.ts';
import { openStore } from '../store/mod.ts';
import { atomicWrite, lockFile } from '../sys/mod.ts';
import { compose } from './compose.ts';
import type { Config } from './config/config.ts';
import { bridgeName } from './config/read-config.ts';
import { deferredNet } from './deferred-net.ts';
import { prepareRemappedRoot } from './remapped-root.ts';
import { claimFromDocker } from './restore/docker-root.ts';
import { dropStaleExecRoot } from './restore/stale-exec-root.ts';

/** Who waits for us to answer gets the answer first. */
const WARM_UP_MS = 50;
const DEFAULT_EXEC_ROOT = '/run/minke';

/** A daemon that serves; `stop` ends it and lets containers run on, unless live-restore is off. */
export interface Daemon {
  /** Puts back what others removed of our rules, bridges and interfaces' places. */
  repair(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the daemon: lock, rooms, engine, restore, and only then the API. What fails on the way is undone.
 * Throws `unavailable` if another daemon has the data-root.
 */
export async function startDaemon(config: Config): Promise<Daemon> {
  const log = createLogger(
    (line) => process.stderr.write(line),
    () => config.logLevel,
  );
  await using closing = new AsyncDisposableStack();
  if (config.idMap) prepareRemappedRoot(config.dataRoot, config.idMap);
  mkdirSync(config.dataRoot, { recursive: true, mode: 0o711 });
  mkdirSync(config.execRoot, { recursive: true, mode: 0o711 });
  const lock = lockFile(join(config.dataRoot, 'minked.lock'));
  if (!lock) throw new EngineError('unavailable', `another daemon runs on the data-root ${config.dataRoot}`);
  closing.use(lock);
  closing.use(claimFromDocker(config.dataRoot));
  dropStaleExecRoot(config.execRoot, log);
  rmSync(join(config.dataRoot, 'tmp'), { recursive: true, force: true });

  const cgroup = detectCgroups(config.cgroupDriver);
  if (cgroup.obstacle) log.warn('containers cannot be started on this host', { why: cgroup.obstacle });
  const runtime = openRuntime({
    execRoot: config.execRoot,
    log,
    ...(config.cgroupDriver ? { cgroupDriver: config.cgroupDriver } : {}),
    defaultRuntime: config.defaultRuntime,
    runtimes: config.runtimes,
  });
  const exits = exitQueue(runtime.onExit.bind(runtime));
  const { dataRoot, execRoot, maxLayerSize, idMap } = config;
  const store = await openStore({ dataRoot, execRoot, maxLayerSize, idMap, log });
  closing.defer(() => store.close());
  const logs = openLogs({ log });
  closing.defer(() => logs.close());
  await checkLogDefaults(logs, config);
  const kernel = openNet({
    execRoot: config.execRoot,
    log,
    tableName: tableName(config.execRoot),
    host: config.hostPolicy,
  });
  const net = deferredNet(kernel, log);
  closing.defer(() => net.close());
  closing.defer(() => runtime.close());
  // What they wait for, nft and maybe a keeper, goes on while the engine is put together.
  const opening = Promise.all([net.open(), runtime.open()]);
  // Thrown where it is awaited, if we come so far.
  opening.catch(() => {});

  const { api, context, events, registry, networks, writeForDocker } = compose(
    config,
    { store, runtime, logs, net, cgroup },
    log,
  );
  closing.defer(() => events.close());
  closing.use(registry);
  await opening;
  net.ensureAtStart(networks.networks());
  runtime.execs.onExit((exit) => void handleExecExit(context, exit));
  await restoreContainers(context);
  await restoreExecs(context);
  serveHealth(context);
  closing.defer(() => context.health.close());
  store.collectLeftovers();
  exits.deliver((exit) => {
    handleExit(context, exit).catch((error: unknown) => {
      log.error('cannot handle the exit of a container', { id: exit.id, error: messageOf(error) });
    });
  });
  closing.defer(async () => {
    if (context.directory.all().some(({ status }) => isRunning(status))) return;
    const own = bridgeName(config.execRoot);
    const foreign = [...networks.foreignBridges(), ...(config.bridge === own ? [] : [config.bridge])];
    await net.takeDown({ foreign });
  });
  closing.defer(() => {
    try {
      writeForDocker();
    } catch (error) {
      log.error("cannot write Docker's files of networks and volumes", { error: messageOf(error) });
    }
  });
  closing.defer(() => api.close());
  await api.listen(config.hosts);
  writePidfile(config, log);
  closing.defer(() => rmSync(config.pidfile, { force: true }));
  log.info('daemon is ready', { hosts: config.hosts, dataRoot: config.dataRoot });
  void startByPolicy(context);
  let warmingUp: NodeJS.Timeout | undefined;
  const warmUp = () => {
    warmingUp = setTimeout(() => {
      runtime.warmUp().catch((error) => log.error('cannot run containers', { error: messageOf(error) }));
    }, WARM_UP_MS);
  };
  let ending = false;
  // Not beside the network, which also keeps this thread from who asks.
  void net.settled().then(() => ending || warmUp());
  closing.defer(() => {
    ending = true;
    clearTimeout(warmingUp);
  });

  const owned = closing.move();
  return {
    async repair() {
      log.info('repairing the network');
      await net.repair();
    },
    async stop() {
      if (!config.liveRestore) await stopAll(context, config.shutdownTimeout);
      await owned.disposeAsync();
    },
  };
}

/** Keeps exits that come before the restore has run. */
function exitQueue(listen: (listener: (exit: ContainerExit) => void) => void) {
  const early: ContainerExit[] = [];
  let deliver: (exit: ContainerExit) => void = (exit) => early.push(exit);
  listen((exit) => deliver(exit));
  return {
    deliver(to: (exit: ContainerExit) => void) {
      deliver = to;
      for (const exit of early.splice(0)) to(exit);
    },
  };
}

function writePidfile(config: Config, log: Logger): void {
  try {
    atomicWrite(config.pidfile, `${process.pid}\n`, { mode: 0o644 });
  } catch (error) {
    log.warn('cannot write the pidfile', { path: config.pidfile, error: messageOf(error) });
  }
}

/** `minke`, or a table of its own for each other exec-root. */
function tableName(execRoot: string): string {
  if (execRoot === DEFAULT_EXEC_ROOT) return 'minke';
  return `minke_${createHash('sha256').update(execRoot).digest('hex').slice(0, 8)}`;
}

/** Compat: moby `NewDaemon`: what each container would be refused for is said at the start. */
async function checkLogDefaults(logs: Logs, { logDriver, logOptions }: Config): Promise<void> {
  await logs.validate({ Type: logDriver, Config: logOptions }).catch((cause: unknown) => {
    throw new EngineError('invalid', `failed to set log opts: ${messageOf(cause)}`, { cause });
  });
}
