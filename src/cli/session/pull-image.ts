import { canonicalRepository, parseReference, type Reference, withDefaultTag } from '../../spec/reference.ts';
import type { Cli } from '../cli.ts';
import { ProgressDisplay } from '../output/progress.ts';
import type { Output } from '../terminal/sink.ts';
import { registryAuth } from './registry-auth.ts';

export interface PullImageOptions {
  /** Where progress goes. */
  sink: Output;
  quiet: boolean;
  platform: string;
  allTags?: boolean;
}

/** Pulls `text`, showing progress; resolves to the reference that was pulled. */
export async function pullImage(cli: Cli, text: string, options: PullImageOptions): Promise<Reference> {
  const given = parseReference(text);
  const reference = options.allTags ? given : withDefaultTag(given);
  const display = options.quiet ? undefined : new ProgressDisplay(options.sink);
  const tag = reference.digest ?? reference.tag;
  const auth = await registryAuth(cli.env, reference);
  const records = cli.engine.images.pull({
    fromImage: canonicalRepository(reference),
    ...(tag ? { tag } : {}),
    ...(options.platform ? { platform: options.platform } : {}),
    ...(auth ? { auth } : {}),
  });
  for await (const record of records) {
    if (display) display.show(record);
    else if (record.error !== undefined) throw new Error(record.errorDetail?.message ?? record.error);
  }
  return reference;
}
