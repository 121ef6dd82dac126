import { ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { becomeSubreaper, lowerOomScore, tryLockFile } from '../../sys/mod.ts';
import { keeperBuild } from './build.ts';
import { Children } from './children.ts';
import { Containers } from './containers.ts';
import type { KeeperContext } from './context.ts';
import { Execs } from './execs.ts';
import { Programs } from './program.ts';
import { KeeperServer } from './server.ts';
import { inheritedLock, resumeState, STATE_FORMAT } from './upgrade.ts';

/** How long the keeper stays with nothing to hold and nobody connected. */
const IDLE_MS = 3_000;
const OOM_SCORE = -999;
const EXIT_LOCKED = 3;

/** `minke-keeper <exec-root> [--resume LOCK]`: parent of all containers of one exec-root. */
async function main(execRoot: string): Promise<void> {
  mkdirSync(execRoot, { recursive: true, mode: 0o711 });
  const inherited = inheritedLock(process.argv);
  const lock = inherited ?? takeLock(execRoot);
  becomeSubreaper();
  lowerOomScore(OOM_SCORE);
  const children = new Children();
  const containers = new Containers(execRoot, children, (exit) => server.announce(exit));
  const execs = new Execs(execRoot, children, (exit) => server.announceExec(exit));
  const context: KeeperContext = {
    execRoot,
    lock,
    children,
    containers,
    execs,
    programs: new Programs(),
    underWay: new Map(),
  };
  const holdsNothing = () => containers.size + execs.size + context.underWay.size === 0;
  const idle = () => server.connections === 0 && holdsNothing();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const path = join(execRoot, 'keeper.sock');
  // Without a socket, the next daemon knows that we left nothing. The lock is still ours, so it is our socket.
  const end = () => {
    rmSync(path, { force: true });
    process.exit(0);
  };
  const endWhenIdle = () => {
    clearTimeout(timer);
    if (!idle()) return;
    timer = setTimeout(() => {
      if (idle()) end();
    }, IDLE_MS);
  };
  const server = new KeeperServer(context, keeperBuild(import.meta.filename), endWhenIdle);
  // What they leave us is taken over in this order: who ends from here on is reaped when we come back to the loop.
  if (inherited === undefined || !resumeState(context)) {
    containers.adopt();
    execs.adopt();
  }
  children.reap();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    // Containers outlive whoever stops us; with none, there is nothing to stay for.
    process.on(signal, () => {
      if (holdsNothing()) end();
    });
  }
  await server.listen(path);
  endWhenIdle();
}

/** The lock lives as long as this process: what we bind cannot be another keeper's. */
function takeLock(execRoot: string): number {
  const lock = openSync(join(execRoot, 'keeper.lock'), 'a', 0o600);
  if (!tryLockFile(lock)) process.exit(EXIT_LOCKED);
  ftruncateSync(lock);
  writeSync(lock, `${process.pid}\n`);
  return lock;
}

process.on('uncaughtException', (error) => console.error('minke-keeper:', error));
process.on('unhandledRejection', (error) => console.error('minke-keeper:', error));
const execRoot = process.argv[2];
if (execRoot === undefined) {
  console.error('usage: minke-keeper <exec-root>');
  process.exit(2);
}
if (process.argv.includes('--check')) {
  // Asked by a keeper that is about to become this program.
  process.exit(process.argv.at(-1) === String(STATE_FORMAT) ? 0 : 1);
}
await main(execRoot);
