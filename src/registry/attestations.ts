import { EngineError } from '../base/mod.ts';
import type { Digest } from '../spec/digest.ts';
import { digestOf } from '../spec/digest-of.ts';
import { parseBoundedJson } from '../spec/oci/bounded-json.ts';
import { chooseManifest, isAttestation } from '../spec/oci/choose-manifest.ts';
import type { Descriptor } from '../spec/oci/image.ts';
import type { Reference } from '../spec/reference.ts';
import { fetchManifest, fetchSmall, manifestRequest, parseDocument, repositoryRequest } from './documents.ts';
import type { Endpoint } from './endpoints.ts';
import { lookUp } from './look-up.ts';
import type { AttestationQuery, AttestationStatement, RegistryOptions } from './registry.ts';
import type { Session } from './session.ts';

/** A list of all packages of an image is large, and nobody has a larger one. */
const MAX_STATEMENT_BYTES = 32 << 20;
const STATEMENT_TYPE = 'application/vnd.in-toto+json';
const PREDICATE_TYPE = 'in-toto.io/predicate-type';

/** See `Registry.attestations`. Spec: BuildKit, "Image attestation storage". */
export async function attestations(
  session: Session,
  reference: Reference & { digest: Digest },
  options: RegistryOptions & AttestationQuery,
): Promise<AttestationStatement[]> {
  return await lookUp(session, reference, (endpoint) =>
    attestationsAt(session, endpoint, reference, options),
  );
}

async function attestationsAt(
  session: Session,
  endpoint: Endpoint,
  reference: Reference & { digest: Digest },
  options: RegistryOptions & AttestationQuery,
): Promise<AttestationStatement[]> {
  const top = await fetchDocument(session, endpoint, reference, reference.digest, options);
  if (top.kind !== 'index') return [];
  const image = chooseManifest(top.index, options.platform);
  const manifests = top.index.manifests.filter(
    (entry) => isAttestation(entry) && entry.annotations?.['vnd.docker.reference.digest'] === image.digest,
  );
  const found: AttestationStatement[] = [];
  for (const { digest } of manifests) {
    const document = await fetchDocument(session, endpoint, reference, digest, options);
    if (document.kind !== 'manifest') continue;
    for (const descriptor of document.manifest.layers) {
      const predicateType = descriptor.annotations?.[PREDICATE_TYPE] ?? '';
      if (descriptor.mediaType !== STATEMENT_TYPE) continue;
      if (options.types.length > 0 && !options.types.includes(predicateType)) continue;
      const statement = options.withStatement
        ? { statement: await fetchStatement(session, endpoint, reference, descriptor, options) }
        : {};
      found.push({ descriptor, predicateType, ...statement });
    }
  }
  return found;
}

async function fetchDocument(
  session: Session,
  endpoint: Endpoint,
  reference: Reference,
  digest: Digest,
  options: RegistryOptions,
) {
  const request = manifestRequest(reference, digest, options);
  return parseDocument(await fetchManifest(session, endpoint, request, digest), reference);
}

async function fetchStatement(
  session: Session,
  endpoint: Endpoint,
  reference: Reference,
  { digest, size }: Descriptor,
  options: RegistryOptions,
): Promise<string> {
  if (size > MAX_STATEMENT_BYTES) throw new EngineError('corrupt', `attestation ${digest} is too large`);
  const request = repositoryRequest(reference, `blobs/${digest}`, options);
  const { bytes } = await fetchSmall(session, endpoint, request, MAX_STATEMENT_BYTES, 'attestation');
  if (digestOf(bytes) !== digest || bytes.length !== size) {
    throw new EngineError('corrupt', `attestation verification failed for digest ${digest}`);
  }
  parseBoundedJson(bytes, 'attestation', MAX_STATEMENT_BYTES);
  return bytes.toString();
}
