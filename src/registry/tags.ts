import type { Reference } from '../spec/reference.ts';
import { list, object, shapedOr, text, withDefault } from '../spec/shape.ts';
import { repositoryRequest } from './documents.ts';
import { pullError } from './errors.ts';
import { pages } from './paged.ts';
import type { RegistryOptions } from './registry.ts';
import type { Session } from './session.ts';

const document = object({ tags: withDefault(list(text), []) });

/** See `Registry.tags`. */
export async function tags(
  session: Session,
  reference: Reference,
  options: RegistryOptions,
): Promise<string[]> {
  try {
    return await session.withEndpoint(reference.domain, async (endpoint) => {
      const found: string[] = [];
      const request = { ...repositoryRequest(reference, 'tags/list', options), opening: true };
      for await (const page of pages(session, endpoint, request)) {
        found.push(...shapedOr(document, page, { tags: [] }).tags);
      }
      return found;
    });
  } catch (error) {
    throw pullError(error, reference);
  }
}
