import type { StdinWriter } from '../../runtime/mod.ts';
import type { ContainerStatus } from '../../spec/docker/mod.ts';
import type { ContainerRecord } from '../../store/mod.ts';
import { move } from './life/status.ts';
import { Waiters } from './life/waiters.ts';

/** A container in memory: its record, and what lasts only as long as this daemon. */
export class Container {
  readonly record: ContainerRecord;
  readonly waiters = new Waiters();
  /** What somebody asked for and has not happened yet; a field beside the status (design section 6). */
  intent: 'none' | 'stop' | 'remove' = 'none';
  /** The writer of its input, while it runs with `OpenStdin`; attached clients share it. */
  stdin: StdinWriter | undefined;
  /** Clients that attached before the start and wait for `stdin`. */
  readonly stdinReady = new Set<(writer: StdinWriter) => void>();
  /** With intent `remove`: also a start that is under way ends. */
  removedByForce = false;
  /** Ends the start that is under way. */
  starting: AbortController | undefined;
  /** While an exit is on record and not told yet. Never rejects, and takes no longer than seconds. */
  telling: Promise<void> | undefined;
  /** While something of a life that ended is left. Never rejects. */
  clearing: Promise<void> | undefined;
  /** How many `restart`s are under way: `--rm` does not take it away in between. */
  restarts = 0;
  /** The daemon ended while the container waited for its restart by policy. */
  restartInterrupted = false;
  restartTimer: NodeJS.Timeout | undefined;
  /** Milliseconds before the last restart by policy; 0 = the back-off begins anew. */
  restartDelay = 0;

  constructor(record: ContainerRecord) {
    this.record = record;
  }

  get id(): ContainerRecord['id'] {
    return this.record.id;
  }

  /** Without the leading slash. */
  get name(): string {
    return this.record.name.slice(1);
  }

  get status(): ContainerStatus {
    return this.record.state.status;
  }

  /** It is not started again by its policy. */
  cancelRestart(): void {
    clearTimeout(this.restartTimer);
    this.restartTimer = undefined;
  }

  /** Changes the status in memory, by the table; the caller writes the record. */
  moveTo(status: ContainerStatus): void {
    this.record.state.status = move(this.record.state.status, status);
  }
}
