import { attach } from './attach.ts';
import { connect } from './connect.ts';
import type { Container } from './container.ts';
import type { Containers } from './containers.ts';
import type { ContainersContext } from './context.ts';
import { create } from './create.ts';
import { disconnect } from './disconnect.ts';
import { inspect } from './inspect.ts';
import { kill } from './kill.ts';
import { list } from './list/list.ts';
import { logs } from './logs.ts';
import { pause, unpause } from './pause.ts';
import { prune } from './prune.ts';
import { remove } from './remove.ts';
import { rename } from './rename.ts';
import { resize } from './resize.ts';
import { restart } from './restart.ts';
import { start } from './start.ts';
import { stats } from './stats/stats.ts';
import { stop } from './stop.ts';
import { top } from './top/top.ts';
import { update } from './update.ts';
import { wait } from './wait.ts';

/** The container verbs over one context. */
export function createContainers(context: ContainersContext): Containers {
  const find = (ref: string): Container => context.directory.find(ref);
  return {
    create: (request) => create(context, request),
    connect: async (ref, network, settings) => await connect(context, find(ref), network, settings),
    disconnect: async (ref, network, options) => await disconnect(context, ref, network, options),
    start: async (ref) => await start(context, find(ref)),
    stop: async (ref, options) => await stop(context, find(ref), options),
    restart: async (ref, options) => await restart(context, find(ref), options),
    kill: async (ref, signal) => await kill(context, find(ref), signal),
    pause: async (ref) => await pause(context, find(ref)),
    unpause: async (ref) => await unpause(context, find(ref)),
    rename: async (ref, name) => await rename(context, find(ref), name),
    remove: async (ref, options) => await remove(context, find(ref), options),
    prune: (filters) => prune(context, filters),
    update: async (ref, asked) => await update(context, find(ref), asked),
    wait: async (ref, condition, { signal }) => ({ exit: wait(find(ref), condition, signal) }),
    resize: async (ref, height, width) => await resize(context, find(ref), height, width),
    attach: async (ref, options) => await attach(context, find(ref), options),
    logs: async (ref, options) => logs(context, find(ref), options),
    stats: (ref, options) => stats(context, find(ref), options),
    top: async (ref, psArgs) => await top(context, find(ref), psArgs),
    inspect: async (ref, options) => await inspect(context, find(ref), options),
    list: (options) => list(context, options),
  };
}
