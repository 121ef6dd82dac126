import { atLeast, type Command } from '../../command.ts';
import { type LimitFlags, limitFlags } from '../../container-options/limit-flags.ts';
import { limits } from '../../container-options/limits.ts';
import { parsePorts } from '../../container-options/ports.ts';
import { restartPolicy } from '../../container-options/restart-policy.ts';
import { errorText } from '../../error-text.ts';
import type { Flag, FlagSet } from '../../flags/flag-set.ts';

interface UpdateFlags {
  limits: LimitFlags;
  restart: Flag<string>;
  publishAdd: Flag<string[]>;
  publishRemove: Flag<string[]>;
  /** Whether any flag was given at all. */
  given: () => boolean;
}

function updateFlags(flags: FlagSet): UpdateFlags {
  const restart = flags.string('restart', { usage: 'What to do when it exits' });
  // Compat: taken, and without effect.
  flags.bytes('kernel-memory', { hidden: true });
  // Ours: docker cannot change them.
  const publishAdd = flags.list('publish-add', { usage: 'Publish a port in addition, at once' });
  const publishRemove = flags.list('publish-rm', { usage: 'Publish a port no more, at once' });
  const limits = limitFlags(flags);
  return {
    limits,
    restart,
    publishAdd,
    publishRemove,
    given: () => flags.all().some(({ changed }) => changed),
  };
}

export const update: Command<UpdateFlags> = {
  operands: '[OPTIONS] CONTAINER [CONTAINER...]',
  summary: 'Change limits and the restart policy of containers',
  arity: atLeast(1),
  aliases: ['container update', 'update'],
  flags: updateFlags,
  async run(cli, options, containers) {
    if (!options.given()) throw new Error('you must provide one or more flags when using this command');
    const { PidsLimit, ...asked } = limits(options.limits);
    const change = {
      ...asked,
      ...(PidsLimit ? { PidsLimit } : {}),
      RestartPolicy: options.restart.value ? restartPolicy(options.restart.value) : {},
    };
    const [added, removed] = [options.publishAdd.value, options.publishRemove.value];
    if (added.length > 0 || removed.length > 0) {
      Object.assign(change, {
        Minke: {
          PublishAdd: parsePorts(added, []).bindings,
          PublishRemove: parsePorts(removed, []).bindings,
        },
      });
    }
    const warnings: string[] = [];
    const failures: string[] = [];
    for (const container of containers) {
      try {
        const { Warnings } = await cli.engine.containers.update(container, change);
        cli.print(container);
        warnings.push(...(Warnings ?? []));
      } catch (error) {
        failures.push(errorText(error));
      }
    }
    for (const warning of warnings) cli.print(warning);
    for (const failure of failures) cli.complain(failure);
    return failures.length > 0 ? 1 : 0;
  },
};
