import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { atomicWrite, openProcess, type Pidfd, readProcStat } from '../../sys/mod.ts';
import type { Children } from './children.ts';
import { now } from './containers.ts';
import { type ExecExit, type ExecRecord, KeeperFailure } from './protocol.ts';
import { type DescriptorsSnapshot, HeldDescriptors } from './stdio.ts';

const ADOPTED_POLL_MS = 100;

interface HeldExec {
  record: ExecRecord;
  descriptors: HeldDescriptors;
  /** Of a process that is not our child. */
  pidfd?: Pidfd;
}

/** A held exec as the next program of this process needs it. */
export interface ExecSnapshot {
  record: ExecRecord;
  /** Its process is no child of ours. */
  adopted: boolean;
  descriptors: DescriptorsSnapshot;
}

/**
 * The execs that the keeper holds: those that run, and terminals of which the daemon has not taken the last words.
 * What is to be known of each stands in `exec/<exec id>.json`, which the daemon reads and removes.
 */
export class Execs {
  readonly #held = new Map<string, HeldExec>();
  readonly #directory: string;
  readonly #children: Children;
  readonly #onExit: (exit: ExecExit) => void;
  #poll: ReturnType<typeof setInterval> | undefined;

  constructor(execRoot: string, children: Children, onExit: (exit: ExecExit) => void) {
    this.#directory = join(execRoot, 'exec');
    this.#children = children;
    this.#onExit = onExit;
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }

  get size(): number {
    return this.#held.size;
  }

  has(execId: string): boolean {
    return this.#held.has(execId);
  }

  /** The process runs: it is, or will be once the runtime has ended, a child of ours. */
  add(record: ExecRecord, descriptors: HeldDescriptors): void {
    const held: HeldExec = { record, descriptors };
    atomicWrite(this.#path(record.execId), JSON.stringify(record));
    this.#held.set(record.execId, held);
    this.#claim(held);
  }

  /** Descriptor of the terminal's master. */
  terminal(execId: string): number {
    const fd = this.#held.get(execId)?.descriptors.ptyMaster;
    if (fd === undefined) throw new KeeperFailure({ kind: 'bad-request', message: 'no terminal' });
    return fd;
  }

  /** The daemon has all that it wanted of it; one that runs stays. */
  release(execId: string): void {
    const held = this.#held.get(execId);
    if (held?.record.exit) this.#drop(held);
  }

  /** Takes over the execs of a keeper that was killed: pidfds tell when they end and, from kernel 6.15 on, how. */
  adopt(): void {
    for (const name of readdirSync(this.#directory)) {
      const record = readExec(join(this.#directory, name));
      if (!record || record.exit) continue;
      const held: HeldExec = { record, descriptors: new HeldDescriptors() };
      this.#held.set(record.execId, held);
      if (!this.#watch(held)) this.#ended(held, undefined);
    }
  }

  snapshot(): ExecSnapshot[] {
    return [...this.#held.values()].map(({ record, pidfd, descriptors }) => ({
      record,
      adopted: pidfd !== undefined,
      descriptors: descriptors.snapshot(),
    }));
  }

  /** Takes over what the earlier program of this process held. */
  resume(snapshots: readonly ExecSnapshot[]): void {
    for (const { record, adopted, descriptors } of snapshots) {
      const held: HeldExec = { record, descriptors: new HeldDescriptors() };
      held.descriptors.resume(descriptors);
      this.#held.set(record.execId, held);
      if (record.exit) continue;
      if (!adopted) this.#claim(held);
      else if (!this.#watch(held)) this.#ended(held, undefined);
    }
  }

  #claim(held: HeldExec): void {
    const { pid, startTime } = held.record;
    const unreaped = readProcStat(pid)?.startTime === startTime;
    this.#children.claim(pid, (status) => this.#ended(held, status), { unreaped });
  }

  #watch(held: HeldExec): boolean {
    const pidfd = openProcess(held.record.pid, held.record.startTime);
    if (!pidfd) return false;
    held.pidfd = pidfd;
    this.#poll ??= setInterval(() => this.#pollAdopted(), ADOPTED_POLL_MS);
    return true;
  }

  #pollAdopted(): void {
    let watched = 0;
    for (const held of this.#held.values()) {
      if (!held.pidfd) continue;
      if (!held.pidfd.ended) watched++;
      else this.#ended(held, held.pidfd.exitStatus());
    }
    if (watched > 0) return;
    clearInterval(this.#poll);
    this.#poll = undefined;
  }

  #ended(held: HeldExec, status: number | undefined): void {
    const { record } = held;
    record.exit = { execId: record.execId, ...(status !== undefined && { status }), at: now() };
    held.pidfd?.[Symbol.dispose]();
    delete held.pidfd;
    // Crash: on disk before anybody hears of it.
    atomicWrite(this.#path(record.execId), JSON.stringify(record));
    // The daemon has pipes open itself, but takes a terminal by our descriptor's number: that one stays until it has.
    if (held.descriptors.ptyMaster === undefined) this.#drop(held);
    this.#onExit(record.exit);
  }

  #drop(held: HeldExec): void {
    this.#held.delete(held.record.execId);
    held.descriptors.close();
  }

  #path(execId: string): string {
    return join(this.#directory, `${execId}.json`);
  }
}

/** The record in a file of `exec/`, if it is one. */
export function readExec(path: string): ExecRecord | undefined {
  if (!path.endsWith('.json')) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ExecRecord;
  } catch {
    return undefined;
  }
}
