import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ContainerId, EngineError } from '../base/mod.ts';
import { Cgroup } from './cgroups/cgroup.ts';
import type { CgroupHost } from './cgroups/host.ts';
import { cgroupOfBundle } from './cgroups/of-bundle.ts';
import type { KeeperLink } from './connection/keeper-link.ts';
import { ExitFiles, ExitLedger, toContainerExit } from './exits.ts';
import { now } from './keeper/containers.ts';
import type { ExitRecord, HeldState } from './keeper/protocol.ts';
import { Live } from './live.ts';
import type { HeldContainer } from './runtime.ts';

/**
 * What the daemon knows of created containers: their first processes by descriptor, their cgroups, and exits that the
 * state does not have yet. The keeper's word, the exec-root's files and our own pidfds are brought together here.
 */
export class Holdings {
  readonly #execRoot: string;
  readonly #exits: ExitFiles;
  readonly #live = new Map<string, Live>();
  readonly ledger: ExitLedger;
  host: CgroupHost;

  constructor(execRoot: string, host: CgroupHost) {
    this.#execRoot = execRoot;
    this.#exits = new ExitFiles(execRoot);
    this.ledger = new ExitLedger(this.#exits);
    this.host = host;
  }

  open(): void {
    mkdirSync(join(this.#execRoot, 'containers'), { recursive: true, mode: 0o711 });
  }

  get size(): number {
    return this.#live.size;
  }

  /** Nothing lies in the exec-root that a container has left. */
  get isUntouched(): boolean {
    return this.bundles().length + this.#exits.list().length === 0;
  }

  bundle(id: string): string {
    return join(this.#execRoot, 'containers', id);
  }

  /** Ids of all bundles on disk. */
  bundles(): string[] {
    return readdirSync(join(this.#execRoot, 'containers'));
  }

  find(id: string): Live | undefined {
    return this.#live.get(id);
  }

  /** Throws `not-found` if it is not held. */
  get(id: string): Live {
    const live = this.#live.get(id);
    if (!live) throw notRunning(id);
    return live;
  }

  cgroupOf(id: string): Cgroup | undefined {
    return this.#live.get(id)?.cgroup ?? cgroupOfBundle(this.bundle(id), this.host);
  }

  /** Whether the life of this container that we hold has ended. */
  hasExit({ id, startNumber }: Live): boolean {
    return this.ledger.get(id, startNumber) !== undefined;
  }

  /** A container that the keeper holds now is held by us too. `known`: its cgroup, where that need not be looked up. */
  adopt(state: Omit<HeldState, 'exit' | 'lost'>, known?: Cgroup): Live {
    const { id, startNumber, pid, startTime, tty, started } = state;
    const cgroup = known ?? cgroupOfBundle(this.bundle(id), this.host) ?? new Cgroup([]);
    const live = new Live({ id: id as ContainerId, startNumber, pid, startTime, tty, cgroup });
    live.started = started;
    // Race: the exit may have been told before the create was answered.
    if (this.ledger.get(id, startNumber)) live.markExited();
    this.#live.get(id)?.[Symbol.dispose]();
    this.#live.set(id, live);
    return live;
  }

  /** Takes in an exit that is on disk. */
  ended(record: ExitRecord): void {
    if (this.ledger.get(record.id, record.startNumber)) return;
    const live = this.#live.get(record.id);
    const exit = toContainerExit(record, (this.cgroupOf(record.id)?.oomKills() ?? 0) > 0);
    if (live?.startNumber === record.startNumber) live.markExited();
    this.ledger.add(exit);
  }

  /** Compares what the keeper holds, what is on disk and what we know, after each connect. */
  async takeStock(link: KeeperLink): Promise<void> {
    const { containers } = await link.request('list', {});
    for (const state of containers) {
      const live = this.#live.get(state.id) ?? this.adopt(state);
      if (state.exit) this.ended(state.exit);
      else if (state.lost) this.#endedUnseen(state, live);
    }
    for (const exit of this.#exits.list()) this.ended(exit);
  }

  /** It ended while no keeper was there: our own pidfd may tell how. */
  #endedUnseen({ id, startNumber }: HeldState, live: Live): void {
    if (this.ledger.get(id, startNumber)) return;
    const status = live.pidfd?.exitStatus();
    const exit = { id, startNumber, at: now(), ...(status !== undefined && { status }) };
    this.#exits.write(exit);
    this.ended(exit);
  }

  /** The keeper's list with what we know, and exits of which only the file is left. */
  describe(containers: readonly HeldState[]): HeldContainer[] {
    const held = new Set(containers.map(({ id, startNumber }) => `${id}.${startNumber}`));
    const onlyExits = this.ledger.list().filter(({ id, startNumber }) => !held.has(`${id}.${startNumber}`));
    return [
      ...containers.map(({ id, startNumber, pid, started, tty }): HeldContainer => {
        const exit = this.ledger.get(id, startNumber);
        const paused = exit ? undefined : this.#live.get(id)?.cgroup.isFrozen();
        const known = { id: id as ContainerId, startNumber, pid, started, tty };
        return { ...known, ...(paused !== undefined && { paused }), ...(exit && { exit }) };
      }),
      ...onlyExits.map((exit): HeldContainer => {
        return { id: exit.id, startNumber: exit.startNumber, pid: 0, started: true, tty: false, exit };
      }),
    ];
  }

  forget(id: string): void {
    this.#live.get(id)?.[Symbol.dispose]();
    this.#live.delete(id);
  }

  close(): void {
    for (const live of this.#live.values()) live[Symbol.dispose]();
    this.#live.clear();
  }
}

function notRunning(id: string): EngineError {
  return new EngineError('not-found', `container ${id} is not running`);
}
