import { EngineError, messageOf } from '../../base/mod.ts';
import type { Container } from './container.ts';
import { announce, type ContainersContext, transition } from './context.ts';
import { noteIntent } from './life/intent-notes.ts';
import { checkVerb } from './life/status.ts';
import { limitChange, mergeUpdate, type UpdateRequest } from './request/merge-update.ts';
import { validateRestartPolicy } from './request/validate.ts';
import { validateResources } from './request/validate-resources.ts';
import { publishAsRecorded } from './update-ports.ts';

/**
 * Changes limits and the restart policy of a container, at once where it runs. Nothing is changed if any of it fails.
 * Gives Docker's warnings. Compat: moby `Daemon.ContainerUpdate`.
 */
export async function update(
  context: ContainersContext,
  container: Container,
  asked: UpdateRequest,
): Promise<{ warnings: string[] }> {
  const { host } = context.settings;
  validateRestartPolicy(asked.RestartPolicy.Name, asked.RestartPolicy.MaximumRetryCount);
  const warnings = validateResources(asked, host, { update: true });
  await transition(context, container, async () => {
    checkVerb('update', container);
    const { record, status } = container;
    const before = record.hostConfig;
    const isUp = status === 'running' || status === 'paused';
    // Crash: the record is written first, and the next daemon brings the cgroup in line.
    using _intent = isUp ? noteIntent(context, 'updating', container.id) : undefined;
    try {
      record.hostConfig = mergeUpdate(before, asked);
      context.records.updateHostConfig(record);
      if (isUp) {
        await context.runtime.changeLimits(container.id, limitChange(record.hostConfig, asked, host));
        if (asked.Minke) await publishAsRecorded(context, container);
      }
    } catch (error) {
      record.hostConfig = before;
      context.records.updateHostConfig(record);
      // Where it was written, and only what came after failed.
      if (asked.Minke && isUp) await publishAsRecorded(context, container).catch(() => {});
      throw cannotUpdate(container.id, error);
    }
    announce(context, container, 'update');
  });
  return { warnings };
}

function cannotUpdate(id: string, error: unknown): EngineError {
  const code = error instanceof EngineError ? error.code : 'internal';
  return new EngineError(code, `Cannot update container ${id}: ${messageOf(error)}`, { cause: error });
}
