import {
  canonicalName,
  canonicalRepository,
  parseReference,
  withDefaultTag,
} from '../../../spec/reference.ts';
import { type Command, exactly } from '../../command.ts';
import type { Flag } from '../../flags/flag-set.ts';
import { ProgressDisplay } from '../../output/progress.ts';
import { platformJson } from '../../platform-json.ts';
import { registryAuth } from '../../session/registry-auth.ts';

interface Options {
  allTags: Flag<boolean>;
  quiet: Flag<boolean>;
  platform: Flag<string>;
}

export const push: Command<Options> = {
  operands: '[OPTIONS] NAME[:TAG]',
  summary: 'Upload an image to a registry',
  arity: exactly(1),
  aliases: ['image push', 'push'],
  flags(flags) {
    flags.bool('disable-content-trust', { initial: true, hidden: true });
    return {
      allTags: flags.bool('all-tags', { short: 'a', usage: 'Upload all tags of the repository' }),
      quiet: flags.bool('quiet', { short: 'q', usage: 'No progress' }),
      platform: flags.string('platform', {
        usage: 'Only if the image is for this platform: os/arch[/variant]',
      }),
    };
  },
  async run(cli, { allTags, quiet, platform }, [name = '']) {
    const wanted = platform.value === '' ? undefined : platformJson(platform.value);
    const given = parseReference(name);
    const named = given.tag !== undefined || given.digest !== undefined;
    if (allTags.value && named) throw new Error("tag can't be used with --all-tags/-a");
    if (!allTags.value && !named && !quiet.value) cli.print('Using default tag: latest');
    const reference = allTags.value ? given : withDefaultTag(given);
    if (reference.digest) throw new Error('cannot push a digest reference');
    const auth = await registryAuth(cli.env, reference);
    const display = quiet.value ? undefined : new ProgressDisplay(cli.stdout);
    const records = cli.engine.images.push(canonicalRepository(reference), {
      ...(reference.tag ? { tag: reference.tag } : {}),
      ...(wanted ? { platform: wanted } : {}),
      ...(auth ? { auth } : {}),
    });
    for await (const record of records) {
      if (display) display.show(record);
      else if (record.error !== undefined) throw new Error(record.errorDetail?.message ?? record.error);
    }
    if (quiet.value) cli.print(canonicalName(reference));
    return 0;
  },
};
