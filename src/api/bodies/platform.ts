import { EngineError } from '../../base/mod.ts';
import type { Platform } from '../../spec/platform.ts';
import { parseJson } from '../http/body.ts';
import { type Codec, decode, list, optional, string, struct } from '../http/go-json.ts';

type PlatformDocument = Partial<Platform>;

const document: Codec<PlatformDocument> = struct<PlatformDocument>('Platform', {
  os: optional(string),
  architecture: optional(string),
  variant: optional(string),
  'os.version': optional(string),
  'os.features': optional(list(string)),
});

/** The JSON form of a platform that some queries take. Throws `invalid` with moby's sentences. */
export function parsePlatformJson(text: string): Platform {
  const { os = '', architecture = '', ...more } = decodeDocument(text);
  if (os === '' && architecture === '' && Object.keys(more).length > 0) {
    throw new EngineError(
      'invalid',
      'optional platform fields provided, but OS and Architecture are missing',
    );
  }
  if (os === '' || architecture === '') {
    throw new EngineError('invalid', 'both OS and Architecture must be provided');
  }
  return { os, architecture, ...more };
}

function decodeDocument(text: string): PlatformDocument {
  try {
    return decode(document, parseJson(text));
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^invalid JSON: /, '') : String(error);
    throw new EngineError('invalid', `failed to parse platform: ${why}`, { cause: error });
  }
}
