import type { Logger } from '../../../base/mod.ts';
import { messageOf, nowNano, parseTime } from '../../../base/mod.ts';
import type { Container } from '../container.ts';
import { forgetHealth, notedHealth, noteHealth } from './health-notes.ts';
import { type HealthPlan, healthPlan } from './health-plan.ts';
import { startingHealth, untilNextCheck, unwatchedHealth } from './health-state.ts';
import { TimerQueue } from './timer-queue.ts';

/** Makes one check, and changes the container's health unless `signal` was aborted. */
type OnDue = (container: Container, plan: HealthPlan, signal: AbortSignal) => Promise<void>;

/**
 * Which containers' health is to be checked, and when. The verbs tell it of beginnings and ends; what is done when a
 * check is due, `serveHealth` knows.
 */
export class HealthWatch {
  readonly #execRoot: string;
  readonly #log: Logger;
  readonly #queue = new TimerQueue<Container>((container) => this.#check(container));
  /** Ends the check that is under way. */
  readonly #checking = new Map<Container, AbortController>();
  /** What came due before there was somebody to check it. */
  readonly #early = new Set<Container>();
  #onDue: OnDue | undefined;

  constructor(execRoot: string, log: Logger) {
    this.#execRoot = execRoot;
    this.#log = log;
  }

  /** From now on checks are made. */
  serve(onDue: OnDue): void {
    this.#onDue = onDue;
    for (const container of this.#early) this.#check(container);
    this.#early.clear();
  }

  /** A life begins; the caller writes the record. */
  began(container: Container): void {
    const plan = healthPlan(container.record.config);
    if (!plan) return;
    const { state } = container.record;
    state.health = startingHealth(state.health);
    this.changed(container);
    this.#queue.set(container, this.#wait(container, plan));
  }

  /** After a pause. Compat: it counts as unhealthy until the next check. */
  resumed(container: Container): void {
    const plan = healthPlan(container.record.config);
    if (plan) this.#queue.set(container, this.#wait(container, plan));
  }

  /** A daemon goes on with what ran on without one: a check that was due meanwhile is made at once. */
  adopted(container: Container): void {
    const plan = healthPlan(container.record.config);
    if (!plan) return;
    const { state } = container.record;
    state.health = notedHealth(this.#execRoot, container) ?? state.health ?? startingHealth(undefined);
    if (container.status !== 'running') return;
    const last = parseTime(state.health.Log?.at(-1)?.End ?? '') ?? parseTime(state.startedAt) ?? nowNano();
    const since = Number(nowNano() - last) / 1e6;
    this.#queue.set(container, Math.max(0, this.#wait(container, plan) - since));
  }

  /** It is paused, or its life has ended; the caller writes the record. */
  ended(container: Container): void {
    this.#queue.delete(container);
    this.#checking.get(container)?.abort();
    const { state } = container.record;
    if (state.health) state.health = unwatchedHealth(state.health);
    forgetHealth(this.#execRoot, container);
  }

  /** Its health is another one, on this machine's record of it. */
  changed(container: Container): void {
    try {
      noteHealth(this.#execRoot, container);
    } catch (error) {
      this.#log.warn('the health of a container is not noted', { id: container.id, error: messageOf(error) });
    }
  }

  close(): void {
    this.#queue.close();
    for (const checking of this.#checking.values()) checking.abort();
  }

  #check(container: Container): void {
    if (!this.#onDue) {
      this.#early.add(container);
      return;
    }
    const plan = healthPlan(container.record.config);
    if (!plan || container.status !== 'running') return;
    const checking = new AbortController();
    this.#checking.set(container, checking);
    this.#onDue(container, plan, checking.signal)
      .catch((error: unknown) => {
        this.#log.error('a health check was not made', { id: container.id, error: messageOf(error) });
      })
      .finally(() => {
        if (this.#checking.get(container) === checking) this.#checking.delete(container);
        if (checking.signal.aborted || container.status !== 'running') return;
        this.#queue.set(container, this.#wait(container, plan));
      });
  }

  #wait({ record }: Container, plan: HealthPlan): number {
    const { startedAt, health } = record.state;
    const age = Number(nowNano() - (parseTime(startedAt) ?? 0n)) / 1e6;
    return untilNextCheck(plan, health?.Status ?? 'starting', age);
  }
}
