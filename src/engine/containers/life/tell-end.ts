import { parseTime } from '../../../base/mod.ts';
import type { Container } from '../container.ts';
import { announce, type ContainersContext } from '../context.ts';
import { announceNetworks, announceVolumes } from '../resource-events.ts';

/** Publishes the end of a life whose exit is on record. */
export function tellEnd(
  context: ContainersContext,
  container: Container,
  { oomKilled }: { oomKilled: boolean },
): void {
  const { exitCode } = container.record.state;
  if (oomKilled) announce(context, container, 'oom');
  announce(context, container, 'die', {
    exitCode: String(exitCode),
    execDuration: String(ranFor(container)),
  });
  announceNetworks(context, container, 'disconnect');
  announceVolumes(context, container, 'unmount');
}

/** The same, for a restore: unless the daemon that died had told it already. */
export function tellEndOnce(context: ContainersContext, container: Container): void {
  const { startedAt, oomKilled } = container.record.state;
  if (context.events.happened('die', container.id, parseTime(startedAt) ?? 0n)) return;
  tellEnd(context, container, { oomKilled });
}

/** Whole seconds from its start to its end. */
export function ranFor({ record }: Container): number {
  const { startedAt, finishedAt } = record.state;
  const nanoseconds = (parseTime(finishedAt) ?? 0n) - (parseTime(startedAt) ?? 0n);
  return Math.max(0, Number(nanoseconds / 1_000_000_000n));
}
