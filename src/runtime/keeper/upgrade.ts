import { constants, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { atomicWrite, execProgram, killProcess, setCloseOnExec } from '../../sys/mod.ts';
import type { Unclaimed } from './children.ts';
import type { HeldSnapshot } from './containers.ts';
import type { KeeperContext } from './context.ts';
import type { ExecSnapshot } from './execs.ts';
import { KeeperFailure } from './protocol.ts';

/** Of `UpgradeState`. A keeper that cannot read it says so before anything happens: see `--check`. */
export const STATE_FORMAT = 1;
const CHECK_DEADLINE_MS = 20_000;
const QUIET_DEADLINE_MS = 5_000;
const RESUME_FLAG = '--resume';

/** What one program of a keeper leaves to the next: descriptors stay open under their numbers. */
interface UpgradeState {
  containers: HeldSnapshot[];
  /** Absent: of a keeper that knew of none. */
  execs?: ExecSnapshot[];
  unclaimed: Unclaimed[];
}

/**
 * The keeper becomes the program `argv` by execve: same pid, children and descriptors. On success there is no answer,
 * since connections end; on failure it goes on as it was. Crash: between the file and the end of `resumeState`, the
 * keeper that a daemon starts next adopts from `held.json` as after any death.
 */
export async function upgrade(context: KeeperContext, { argv }: { argv: string[] }): Promise<never> {
  const [program, ...args] = argv;
  if (program === undefined) throw new KeeperFailure({ kind: 'bad-request', message: 'no program' });
  await checkProgram(context, [program, ...args]);
  await quiet(context);
  // From here on nothing else runs: what ends now is reaped by the next program.
  const { execRoot, containers, execs, children, lock } = context;
  const state = {
    containers: containers.snapshot(),
    execs: execs.snapshot(),
    unclaimed: children.unclaimed(),
  } satisfies UpgradeState;
  const held = [...state.containers, ...state.execs];
  const fds = [lock, ...held.flatMap(({ descriptors }) => descriptors.fds)];
  const path = statePath(execRoot);
  atomicWrite(path, JSON.stringify(state), { mode: 0o600 });
  try {
    for (const fd of fds) setCloseOnExec(fd, false);
    execProgram([program, ...args, RESUME_FLAG, String(lock)], process.env);
  } catch (error) {
    for (const fd of fds) setCloseOnExec(fd, true);
    rmSync(path, { force: true });
    throw error;
  }
}

/** The lock's descriptor, if we are the next program of a keeper. */
export function inheritedLock(args: readonly string[]): number | undefined {
  const at = args.indexOf(RESUME_FLAG);
  return at < 0 ? undefined : Number(args[at + 1]);
}

/** Takes over what the earlier program of this process held; false if that is not known. */
export function resumeState(context: KeeperContext): boolean {
  const path = statePath(context.execRoot);
  try {
    setCloseOnExec(context.lock, true);
    const state = JSON.parse(readFileSync(path, 'utf8')) as UpgradeState;
    for (const { pid, status } of state.unclaimed) context.children.keepUnclaimed(pid, status);
    context.containers.resume(state.containers);
    context.execs.resume(state.execs ?? []);
    return true;
  } catch (error) {
    console.error('minke-keeper: what was held before the upgrade is not known:', error);
    return false;
  } finally {
    rmSync(path, { force: true });
  }
}

/** The program runs, and understands what we would leave to it. */
async function checkProgram(
  { children }: KeeperContext,
  argv: readonly [string, ...string[]],
): Promise<void> {
  const none = { path: '/dev/null', flags: constants.O_RDWR };
  const env = process.env as Record<string, string>;
  const request = { path: argv[0], argv: [...argv, '--check', String(STATE_FORMAT)], env };
  const child = children.spawn({ ...request, stdio: [none, none, none] });
  const timer = setTimeout(() => killProcess(-child.pid, 9), CHECK_DEADLINE_MS);
  const status = await child.ended;
  clearTimeout(timer);
  if (status !== 0) {
    throw new KeeperFailure({
      kind: 'internal',
      message: `the new program does not run: wait status ${status}`,
    });
  }
}

/** Waits for the end of what is under way: a half-made container cannot be handed over. */
async function quiet({ underWay }: KeeperContext): Promise<void> {
  for (let waited = 0; underWay.size > 0; waited += 10) {
    if (waited > QUIET_DEADLINE_MS)
      throw new KeeperFailure({ kind: 'internal', message: 'containers are being made' });
    await sleep(10);
  }
}

function statePath(execRoot: string): string {
  return join(execRoot, 'keeper.state.json');
}
