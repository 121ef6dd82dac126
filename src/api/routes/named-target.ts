import { EngineError } from '../../base/mod.ts';
import { familiarRepository, parseReference, withDefaultTag, withTag } from '../../spec/reference.ts';

/** The name that `repo` and `tag` of a query ask for; nothing if there is none. Compat: moby `RepoTagReference`. */
export function namedTarget(repository: string, tag: string): { repository?: string; tag?: string } {
  if (repository === '') return {};
  const parsed = parseReference(repository);
  if (parsed.digest !== undefined) throw new EngineError('invalid', 'cannot import digest reference');
  const target = tag === '' ? withDefaultTag(parsed) : withTag(parsed, tag);
  return { repository: familiarRepository(target), tag: target.tag ?? 'latest' };
}
