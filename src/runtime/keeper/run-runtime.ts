import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  DescriptorReceiver,
  killProcess,
  type StdioSource,
  setNonBlocking,
  setWindowSize,
} from '../../sys/mod.ts';
import type { KeeperContext } from './context.ts';
import { KeeperFailure, type RuntimeCommand } from './protocol.ts';
import type { HeldDescriptors } from './stdio.ts';

const SIGKILL = 9;

/** One call of the OCI runtime that makes a process: `create` or `exec`. */
interface RuntimeCall {
  /** Id under which it can be aborted while it is under way: a container's or an exec's. */
  id: string;
  runtime: RuntimeCommand;
  verb: 'create' | 'exec';
  /** What follows the verb. */
  args: readonly string[];
  log: string;
  /** The process's own ends; closed once the runtime was spawned. */
  ends: { stdio: [StdioSource, StdioSource, StdioSource]; close: () => void };
  deadlineMs: number;
}

/** Resolves when the runtime ended well; throws a KeeperFailure with the runtime's log, also at the deadline. */
export async function runRuntime(context: KeeperContext, call: RuntimeCall): Promise<void> {
  const { id, runtime, log, verb } = call;
  const argv = ['crun', '--root', runtime.root, '--log', log, ...runtime.args, verb, ...call.args];
  const child = spawn(context, call, argv);
  let why: 'timeout' | 'aborted' | undefined;
  const kill = (reason: 'timeout' | 'aborted') => {
    why = reason;
    // The whole group: the process is in it until late in its set-up, then in the container's cgroup.
    killProcess(-child.pid, SIGKILL);
  };
  const timer = setTimeout(() => kill('timeout'), call.deadlineMs);
  context.underWay.set(id, () => kill('aborted'));
  const status = await child.ended;
  clearTimeout(timer);
  context.underWay.delete(id);
  if (status === 0) return;
  const message = `${runtime.path} ${verb}: ${why ?? `wait status ${status}`}`;
  throw new KeeperFailure({ kind: why ?? 'runtime', message, log: readLog(log) });
}

function spawn(context: KeeperContext, { runtime, ends }: RuntimeCall, argv: string[]) {
  try {
    const env = { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' };
    const path = context.programs.executable(runtime.path);
    return context.children.spawn({ path, argv, env, stdio: ends.stdio });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new KeeperFailure({ kind: 'runtime', message, log: '' });
  } finally {
    ends.close();
  }
}

/** Where the runtime sends the terminal of `id`. Short, for a socket's path has 107 bytes at most. */
export function receiveConsole({ execRoot }: KeeperContext, id: string): DescriptorReceiver {
  const path = join(execRoot, `tty-${id.slice(0, 16)}`);
  rmSync(path, { force: true });
  return new DescriptorReceiver(path);
}

/** Holds the master that the runtime sent. `size` is [height, width] in characters, 0 for the kernel's default. */
export function holdTerminal(
  console: DescriptorReceiver,
  [height, width]: readonly [number, number],
  held: HeldDescriptors,
): void {
  const master = console.take();
  if (master === undefined)
    throw new KeeperFailure({ kind: 'internal', message: 'the runtime sent no terminal' });
  held.ptyMaster = held.hold(master);
  setNonBlocking(master, true);
  if (height > 0 && width > 0) setWindowSize(master, height, width);
}

function readLog(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(-16_384);
  } catch {
    return '';
  }
}
