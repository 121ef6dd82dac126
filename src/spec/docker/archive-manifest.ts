import { EngineError } from '../../base/mod.ts';
import { parseBoundedJson } from '../oci/bounded-json.ts';
import { list, object, optional, ShapeError, shaped, text, withDefault } from '../shape.ts';

/** One image of `manifest.json`, in Docker's own archives. Spec: moby `docs/image-spec`, "Combined Image JSON". */
export interface ArchivedManifest {
  /** Path of the configuration. */
  Config: string;
  /** Familiar names with tags. */
  RepoTags: string[];
  /** Paths of the layers, the lowest first. */
  Layers: string[];
  /** Id of the image that this one was built on. */
  Parent?: string;
}

export const MAX_ARCHIVE_MANIFEST_BYTES = 8 << 20;
const MAX_IMAGES = 16_384;

const texts = withDefault(list(text), []);
const item = object({
  Config: withDefault(text, ''),
  RepoTags: texts,
  Layers: texts,
  Parent: optional(text),
});
const shape = optional(list(item, MAX_IMAGES));

/** Reads `manifest.json`. Throws `invalid` in Docker's words for `null`, `corrupt` for what is none. */
export function parseArchiveManifest(bytes: Uint8Array): ArchivedManifest[] {
  const json = parseBoundedJson(bytes, 'manifest.json', MAX_ARCHIVE_MANIFEST_BYTES);
  let images: ArchivedManifest[] | undefined;
  try {
    images = shaped(shape, json);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new EngineError('corrupt', `invalid manifest.json: ${error.message}`, { cause: error });
  }
  if (images) return images;
  throw new EngineError('invalid', 'invalid manifest, manifest cannot be null (but can be [])');
}
