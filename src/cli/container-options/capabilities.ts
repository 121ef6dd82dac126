/** `--cap-add` and `--cap-drop`: full names in order; what is added is not dropped. */
export function capabilities(
  add: string[],
  drop: string[],
): { CapAdd: string[] | null; CapDrop: string[] | null } {
  const added = normalized(add);
  const dropped = normalized(drop).filter((name) => !added.includes(name));
  return { CapAdd: added.length > 0 ? added : null, CapDrop: dropped.length > 0 ? dropped : null };
}

/** Compat: ALL makes the others pointless. */
function normalized(texts: string[]): string[] {
  const names = new Set(texts.map((text) => text.trim().toUpperCase()).map((name) => full(name)));
  return names.has('ALL') ? ['ALL'] : [...names].sort();
}

function full(name: string): string {
  return name === 'ALL' || name.startsWith('CAP_') ? name : `CAP_${name}`;
}
