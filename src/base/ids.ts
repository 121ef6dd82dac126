/**
 * Ids of our nouns. Branded, so that one cannot be passed for another. All are 64 lower-case hex digits unless
 * said otherwise.
 */
export type ContainerId = string & { readonly __brand: 'ContainerId' };
export type NetworkId = string & { readonly __brand: 'NetworkId' };
export type EndpointId = string & { readonly __brand: 'EndpointId' };

/**
 * A new random id. Compat: moby's `stringid.GenerateRandomID` never gives an id whose first 12 digits are all
 * decimal, since a hostname made of it would be taken for a number.
 */
export function newId<T extends string = string>(): T {
  for (;;) {
    // Why not node:crypto: it takes 20 ms of CPU to load, in the keeper and in each worker too.
    const id = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex');
    if (!/^\d{12}/.test(id)) return id as T;
  }
}

/** The 12 digits that people see; a leading `sha256:` is dropped. */
export function shortId(id: string): string {
  const colon = id.indexOf(':');
  return id.slice(colon + 1, colon + 13);
}
