import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { object, optional, shaped, text } from '../../spec/shape.ts';
import { atomicWrite } from '../../sys/mod.ts';

/** Compat: moby `volume/local`, `optsConfig`: what Docker mounts a volume by, beside its `_data`. */
const FILE = 'opts.json';

const document = object({
  MountType: optional(text),
  MountOpts: optional(text),
  MountDevice: optional(text),
});

/** The options of a `local` volume as Docker left them; null if it has none, or what is there is no such file. */
export function readDockerOptions(directory: string): Record<string, string> | null {
  try {
    const { MountType, MountOpts, MountDevice } = shaped(
      document,
      JSON.parse(readFileSync(join(directory, FILE), 'utf8')),
    );
    const given = Object.entries({ type: MountType, o: MountOpts, device: MountDevice }).filter(
      (pair): pair is [string, string] => Boolean(pair[1]),
    );
    return given.length > 0 ? Object.fromEntries(given) : null;
  } catch {
    return null;
  }
}

/** For a Docker that may come after us. Nothing is written where there are no options. */
export function writeDockerOptions(directory: string, options: Record<string, string> | null): void {
  if (!options || Object.keys(options).length === 0) return;
  const { type = '', o = '', device = '' } = options;
  // Why no size: a quota is set anew at each mount, and there is none where we are.
  const content = { MountType: type, MountOpts: o, MountDevice: device, Quota: { Size: 0 } };
  atomicWrite(join(directory, FILE), JSON.stringify(content), { durable: true });
}
