import type { AuthConfig } from '../../spec/docker/mod.ts';
import type { Reference } from '../../spec/reference.ts';
import { credentialsKey } from '../credentials/server-address.ts';
import { CredentialStore } from '../credentials/store.ts';

/**
 * What `login` keeps for a reference's registry. Compat: a file that cannot be read, or a helper that fails, means no
 * credentials; what may be had without any is pulled all the same.
 */
export async function registryAuth(
  env: Record<string, string | undefined>,
  reference: Pick<Reference, 'domain'>,
): Promise<AuthConfig | undefined> {
  try {
    return await CredentialStore.open(env).get(credentialsKey(reference));
  } catch {
    return undefined;
  }
}
