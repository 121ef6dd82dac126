import { closeSync } from 'node:fs';
import type { ContainerId } from '../base/mod.ts';
import { openProcess, type Pidfd } from '../sys/mod.ts';
import type { Cgroup } from './cgroups/cgroup.ts';

/** What the daemon holds of one created container: its first process by descriptor, and ends of its input. */
export class Live implements Disposable {
  readonly id: ContainerId;
  readonly startNumber: number;
  readonly pid: number;
  readonly tty: boolean;
  readonly cgroup: Cgroup;
  /** Undefined if it had ended before we could open it. */
  readonly pidfd: Pidfd | undefined;
  started = false;
  /** Writing end of a `StdinOnce` input, until its one client is done. */
  #stdin: number | undefined;
  readonly #exited = Promise.withResolvers<void>();

  constructor(fields: {
    id: ContainerId;
    startNumber: number;
    pid: number;
    startTime: number;
    tty: boolean;
    cgroup: Cgroup;
  }) {
    this.id = fields.id;
    this.startNumber = fields.startNumber;
    this.pid = fields.pid;
    this.tty = fields.tty;
    this.cgroup = fields.cgroup;
    this.pidfd = openProcess(fields.pid, fields.startTime);
  }

  /** Resolves once its exit was recorded. */
  get exited(): Promise<void> {
    return this.#exited.promise;
  }

  markExited(): void {
    this.#exited.resolve();
  }

  holdStdin(fd: number): void {
    this.#stdin = fd;
  }

  closeStdin(): void {
    if (this.#stdin !== undefined) closeSync(this.#stdin);
    this.#stdin = undefined;
  }

  [Symbol.dispose](): void {
    this.closeStdin();
    this.pidfd?.[Symbol.dispose]();
    this.#exited.resolve();
  }
}
