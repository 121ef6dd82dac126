import type { ProgressMessage } from '../../spec/docker/mod.ts';
import { familiarRepository, parseReference, withTag } from '../../spec/reference.ts';
import { announcePull } from './announce.ts';
import type { ImagesContext } from './context.ts';
import { type PullOptions, pullOne, statusLine } from './pull.ts';

/** Fetches every tag of a repository, one after the other. A failure ends it; what is whole stays. */
export async function pullAllTags(
  context: ImagesContext,
  repository: string,
  options: PullOptions,
  progress: (message: ProgressMessage) => void,
): Promise<void> {
  const reference = parseReference(repository);
  const tags = await context.registry.tags(reference, {
    signal: options.signal,
    ...(options.auth ? { auth: options.auth } : {}),
  });
  let isNew = false;
  for (const tag of tags) {
    const pulled = await pullOne(context, withTag(reference, tag), options, progress);
    isNew ||= pulled.isNew;
  }
  progress(statusLine(isNew, familiarRepository(reference)));
  announcePull(context, reference);
}
