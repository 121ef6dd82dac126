import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { atomicWrite, openProcess, type Pidfd, readProcStat, wallClock } from '../../sys/mod.ts';
import type { Children } from './children.ts';
import { type CreateOperation, type ExitRecord, type HeldState, KeeperFailure } from './protocol.ts';
import { type DescriptorsSnapshot, HeldDescriptors, holdStdio } from './stdio.ts';

const ADOPTED_POLL_MS = 100;

/** What is on disk as `held.json` of a container, so that another keeper can take over. */
export type HeldRecord = Pick<
  CreateOperation,
  'id' | 'startNumber' | 'tty' | 'holdStdin' | 'stdio' | 'runtime'
> & {
  pid: number;
  startTime: number;
};

export interface Held {
  record: HeldRecord;
  descriptors: HeldDescriptors;
  started: boolean;
  lost: boolean;
  exit: ExitRecord | undefined;
}

/** A held container as the next program of this process needs it. */
export interface HeldSnapshot {
  record: HeldRecord;
  started: boolean;
  lost: boolean;
  exit?: ExitRecord;
  /** Its process is no child of ours. */
  adopted: boolean;
  descriptors: DescriptorsSnapshot;
}

/** The containers that the keeper holds, and their exits. */
export class Containers {
  readonly #held = new Map<string, Held>();
  readonly #adopted = new Map<Held, Pidfd>();
  readonly #execRoot: string;
  readonly #children: Children;
  readonly #onExit: (exit: ExitRecord) => void;
  #poll: ReturnType<typeof setInterval> | undefined;

  constructor(execRoot: string, children: Children, onExit: (exit: ExitRecord) => void) {
    this.#execRoot = execRoot;
    this.#children = children;
    this.#onExit = onExit;
    mkdirSync(join(execRoot, 'exits'), { recursive: true, mode: 0o700 });
  }

  get size(): number {
    return this.#held.size;
  }

  get(id: string): Held {
    const held = this.#held.get(id);
    if (!held) throw new KeeperFailure({ kind: 'unknown-container', message: `no container ${id}` });
    return held;
  }

  has(id: string): boolean {
    return this.#held.has(id);
  }

  /** A container was created: its first process is, or will be once the runtime has ended, a child of ours. */
  add(record: HeldRecord, descriptors: HeldDescriptors): void {
    const held: Held = { record, descriptors, started: false, lost: false, exit: undefined };
    // Crash: without this file, a next keeper does not know of a container that was never started; the daemon deletes it.
    atomicWrite(this.#recordPath(record.id), JSON.stringify(record));
    this.#held.set(record.id, held);
    this.#claim(held);
  }

  #claim(held: Held): void {
    const { pid, startTime } = held.record;
    const unreaped = readProcStat(pid)?.startTime === startTime;
    this.#children.claim(pid, (status) => this.#ended(held, status), { unreaped });
  }

  snapshot(): HeldSnapshot[] {
    return [...this.#held.values()].map((held) => {
      const { record, started, lost, exit, descriptors } = held;
      const adopted = this.#adopted.has(held);
      return { record, started, lost, ...(exit && { exit }), adopted, descriptors: descriptors.snapshot() };
    });
  }

  /** Takes over what the earlier program of this process held: its children are ours. */
  resume(snapshots: readonly HeldSnapshot[]): void {
    for (const { record, started, lost, exit, adopted, descriptors } of snapshots) {
      const held: Held = { record, descriptors: new HeldDescriptors(), started, lost, exit };
      held.descriptors.resume(descriptors);
      this.#held.set(record.id, held);
      if (exit || lost) continue;
      if (!adopted) this.#claim(held);
      else if (!this.#watch(held)) held.lost = true;
    }
  }

  forget(id: string): void {
    const held = this.#held.get(id);
    if (!held) return;
    this.#held.delete(id);
    this.#dropAdopted(held);
    held.descriptors.close();
    rmSync(this.#recordPath(id), { force: true });
  }

  list(): HeldState[] {
    return [...this.#held.values()].map(({ record, started, lost, exit }) => ({
      id: record.id,
      startNumber: record.startNumber,
      pid: record.pid,
      startTime: record.startTime,
      tty: record.tty,
      started,
      ...(lost && { lost }),
      ...(exit && { exit }),
    }));
  }

  /**
   * Takes over the containers of a keeper that was killed. Their processes are not our children: pidfds tell when
   * they end and, from kernel 6.15 on, how. One that ended before is `lost`: the daemon may know more.
   */
  adopt(): void {
    for (const id of entries(join(this.#execRoot, 'containers'))) {
      const record = readRecord(this.#recordPath(id));
      if (record?.id !== id) continue;
      const descriptors = new HeldDescriptors();
      const held: Held = { record, descriptors, started: true, lost: false, exit: undefined };
      this.#held.set(id, held);
      held.exit = readExit(this.#exitPath(held));
      if (held.exit) continue;
      if (!this.#watch(held)) {
        held.lost = true;
        continue;
      }
      held.started = !awaitsStart(record);
      try {
        holdStdio(record, descriptors);
      } catch {
        // Its FIFOs are gone: it runs on without.
      }
    }
  }

  #watch(held: Held): boolean {
    const pidfd = openProcess(held.record.pid, held.record.startTime);
    if (!pidfd) return false;
    this.#adopted.set(held, pidfd);
    this.#poll ??= setInterval(() => this.#pollAdopted(), ADOPTED_POLL_MS);
    return true;
  }

  #pollAdopted(): void {
    for (const [held, pidfd] of this.#adopted) {
      if (!pidfd.ended) continue;
      const status = pidfd.exitStatus();
      this.#dropAdopted(held);
      this.#ended(held, status);
    }
  }

  #dropAdopted(held: Held): void {
    this.#adopted.get(held)?.[Symbol.dispose]();
    this.#adopted.delete(held);
    if (this.#adopted.size > 0 || this.#poll === undefined) return;
    clearInterval(this.#poll);
    this.#poll = undefined;
  }

  #ended(held: Held, status: number | undefined): void {
    const { id, startNumber } = held.record;
    // Race: forgotten while its process was still ending; nobody would take the exit's file away.
    if (this.#held.get(id) !== held) return;
    held.exit = { id, startNumber, ...(status !== undefined && { status }), at: now() };
    // Crash: on disk before anybody hears of it.
    atomicWrite(this.#exitPath(held), JSON.stringify(held.exit));
    this.#onExit(held.exit);
  }

  #recordPath(id: string): string {
    return join(this.#execRoot, 'containers', id, 'held.json');
  }

  #exitPath({ record }: Held): string {
    return join(this.#execRoot, 'exits', `${record.id}.${record.startNumber}`);
  }
}

/** Milliseconds since 1970, with a fraction. */
export function now(): number {
  const { seconds, nanos } = wallClock();
  return seconds * 1_000 + nanos / 1_000_000;
}

function awaitsStart({ runtime, id }: HeldRecord): boolean {
  return entries(join(runtime.root, id)).includes('exec.fifo');
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function readRecord(path: string): HeldRecord | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as HeldRecord;
  } catch {
    return undefined;
  }
}

/** The exit that a keeper recorded, if it did. */
export function readExit(path: string): ExitRecord | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ExitRecord;
  } catch {
    return undefined;
  }
}
