/**
 * Compat: `repositories.json` has names as people write them: without `docker.io/` and `library/`. Ours are canonical
 * everywhere else. These two turn a whole name (repository with tag or digest) or a repository into the other form.
 */
export function toFamiliar(canonical: string): string {
  if (canonical.startsWith('docker.io/library/')) {
    const rest = canonical.slice('docker.io/library/'.length);
    // `library/a/b` is a repository of its own; only the flat ones are shortened.
    if (!repositoryOf(rest).includes('/')) return rest;
  }
  return canonical.startsWith('docker.io/') ? canonical.slice('docker.io/'.length) : canonical;
}

export function toCanonical(familiar: string): string {
  const slash = familiar.indexOf('/');
  const first = slash < 0 ? '' : familiar.slice(0, slash);
  const hasDomain = first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase();
  if (hasDomain) return familiar;
  return slash < 0 ? `docker.io/library/${familiar}` : `docker.io/${familiar}`;
}

/** The repository part of a name. */
export function repositoryOf(name: string): string {
  const at = name.indexOf('@');
  if (at >= 0) return name.slice(0, at);
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? name.slice(0, colon) : name;
}
